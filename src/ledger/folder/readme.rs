//! What a ledger's folder has beside its records: words for whoever finds it, and a place for its key that no repository takes in.

use std::io;

use crate::domain::id::Origin;
use crate::ledger::folder::Folder;
use crate::store::shared::Rights;
use crate::store::{durable_file, folder as store_folder};

/// Writes the words for whoever finds the folder.
pub(crate) fn write_readme(folder: &Folder, origin: &Origin) -> io::Result<()> {
    let text = format!(
        "This folder is a ledger of agreements, kept by the program servanda. Its name is {origin}.\n\
         \n\
         sled/          the events, in a sled 0.34 database: 256 at a time in the tree `bundles` (zstd), the newest\n\
         \x20              in the tree `tail` under their positions (8 bytes, big-endian)\n\
         sled.check     where the log ended when the database was closed, by which the next opening is judged\n\
         sled.damaged-1 …-2, …: if there is any, the files of a store of which something was lost; keep them\n\
         facts, recent  what the events tell, made from them for quick answers; can be deleted at any time\n\
         documents/     sources that events rest on, each named by the BLAKE3 of its bytes; a personal one by its BLAKE3\n\
         \x20              keyed with the bytes of NAME.salt beside it: not for others, both of them\n\
         keys/          the log's own key; not for others\n\
         checkpoints/   how many events there were and the root over them, signed with the log's key, one file each;\n\
         \x20              cosignatures/ and timestamps/ say who else has seen them, and when\n\
         servanda.toml  the ledger's name and format, a copy of what the first event says\n\
         HEAD           how many events there are and the hash of the newest, and whether somebody is writing\n\
         OLDER          if it is there: that the ledger was restored as it was earlier, and is only read\n\
         LOCK           who is using the ledger\n\
         \n\
         Ask it:   servanda --ledger . log\n\
         Check it: servanda --ledger . verify\n"
    );
    durable_file::replace(&folder.readme(), text.as_bytes(), Rights::Usual)
}

/// Makes the folder for the log's own key: for its owner alone, whatever the umask, and for no repository that the ledger
/// may lie in.
pub(crate) fn make_keys_folder(folder: &Folder) -> io::Result<()> {
    store_folder::create_private(&folder.keys())?;
    durable_file::create_new(&folder.keys().join(".gitignore"), b"*\n", Rights::Secret)
}
