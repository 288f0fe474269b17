//! How fast a ledger is on this machine's disk, and beside it what the disk alone would cost in the same run.
//!
//! Everything is made from one seed. With `--test`, or under `cargo test`, each runs once over a small ledger.

#![expect(clippy::print_stderr, reason = "a figure says nothing without what was measured")]

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput};

use servanda::domain::act::{Departure, DepartureAct, Joining, JoiningAct, Role};
use servanda::domain::agreement::{Agreement, AgreementType};
use servanda::domain::announcement::{Announcement, Body};
use servanda::domain::date::Date;
use servanda::domain::day::Day;
use servanda::domain::id::{AgreementId, Origin, PartyId, Recorder};
use servanda::domain::party::{Party, PartyType};
use servanda::domain::source::{Grade, Source, Url};
use servanda::domain::timestamp::Timestamp;
use servanda::integrity::SigningKey;
use servanda::ledger::found::{Founded, Founding};
use servanda::ledger::verify::verify;
use servanda::ledger::{Access, Batch, Draft, DraftSource, Folder, KeyFile, Ledger, Log, Options};
use servanda::query::members::{Question, members};
use servanda::query::{Asked, Standpoint};
use servanda::store::Store;
use servanda::store::sled::SledStore;

const SEED: u64 = 41;
const BATCH: usize = 256;
const PARTIES: u64 = 200;
const AGREEMENTS: u64 = 40;

fn main() {
    // As criterion has it: cargo says `--bench` when it is to be measured, and `--test` comes from people.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    let small = !is_measured || std::env::args().any(|argument| argument == "--test");
    let len = if small { 600 } else { 10_000 };
    // Beside the build, on a disk; a temporary folder may be memory, where nothing is ever durable.
    let desk = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on a disk");
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4))
        .configure_from_args();

    let folder = grown(desk.path(), len);
    let values = values(&folder);
    append(&mut criterion, desk.path(), &values, 1);
    append(&mut criterion, desk.path(), &values, BATCH);
    ask(&mut criterion, &folder);
    ask_cold(&mut criterion, desk.path());
    criterion.final_summary();
}

/// A ledger of at least `len` events, written in batches.
fn grown(desk: &Path, len: usize) -> Folder {
    let (folder, mut generator) = found(desk, "grown");
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    while ledger.events().len() < len {
        append_to(&mut ledger, generator.acts(BATCH));
    }
    folder
}

/// The bytes of all events, and a line about them.
fn values(folder: &Folder) -> Vec<Vec<u8>> {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let values: Vec<Vec<u8>> = (0..log.len()).filter_map(|seq| Some(log.value(seq)?.ok()?.to_vec())).collect();
    let bytes: usize = values.iter().map(Vec::len).sum();
    let len = values.len();
    eprintln!("seed {SEED}: {len} events of {} bytes on average, in batches of {BATCH}, in sled", bytes / len);
    values
}

/// Appends `size` announcements as one batch: through the ledger, to the store alone, and to a bare file.
fn append(criterion: &mut Criterion, desk: &Path, values: &[Vec<u8>], size: usize) {
    let mut group = criterion.benchmark_group(format!("append {size}, durably"));
    group.throughput(Throughput::Elements(size as u64));

    let (folder, mut generator) = found(desk, &format!("ledger-{size}"));
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let before = ledger.events().len();
    group.bench_function("ledger: admit, sign, write, sync, HEAD", |bencher| {
        bencher.iter_batched(|| generator.acts(size), |batch| append_to(&mut ledger, batch), BatchSize::PerIteration);
    });
    drop(ledger);
    let log = Log::read(&folder, &access()).expect("the log can be read");
    let own: Vec<&[u8]> = (before as u64..log.len()).filter_map(|seq| log.value(seq)?.ok()).collect();
    let (appended, bytes) = (own.len(), own.iter().map(|value| value.len()).sum::<usize>());
    eprintln!(
        "{appended} events of {} bytes on average were appended to {before}, in batches of {size}",
        bytes / appended.max(1)
    );

    // The same bytes for the store and for the file: whole batches, as long as they last, and again.
    let batches: Vec<&[Vec<u8>]> = values.chunks_exact(size).collect();
    let mut store = SledStore::create(&desk.join(format!("store-{size}"))).expect("the folder is new");
    let mut next = batches.iter().cycle();
    group.bench_function("store: sled, synced", |bencher| {
        bencher.iter(|| store.append(store.len(), next.next().expect("a cycle")).expect("the disk writes"));
    });
    let mut file = File::create_new(desk.join(format!("bare-{size}"))).expect("the file is new");
    let mut next = batches.iter().map(|batch| batch.concat()).cycle();
    group.bench_function("bare: append and fdatasync", |bencher| {
        bencher.iter_batched(
            || next.next().expect("a cycle"),
            |bytes| {
                file.write_all(&bytes).expect("the disk writes");
                file.sync_data().expect("the disk syncs");
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Reads, verifies and asks the grown ledger.
fn ask(criterion: &mut Criterion, folder: &Folder) {
    let log = Log::read(folder, &access()).expect("the log can be read");
    let events = log.events().expect("the chain holds");
    let asked = Asked { origin: log.origin().as_str(), events: &events };
    let at = Standpoint::on(Day::from_ymd(2000, 1, 1).expect("a day"));
    let question = Question { at, party_type: None, all: false };
    let answer = members(asked, "agreement-7", question).expect("it is described");
    let counts = answer.counts;
    eprintln!(
        "agreement-7 has {} certain and {} possible members of {PARTIES} parties",
        counts.certain, counts.possible
    );

    let mut group = criterion.benchmark_group(format!("with {} events", log.len()));
    group.throughput(Throughput::Elements(log.len()));
    group.bench_function("open for writing", |bencher| {
        bencher.iter_batched(
            || (),
            |()| Ledger::open(folder, &access()).expect("the ledger opens"),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("take the bytes out of the store", |bencher| {
        bencher.iter(|| Log::read(folder, &access()).expect("the log can be read"));
    });
    group.bench_function("read the events", |bencher| {
        bencher.iter_with_large_drop(|| log.events().expect("the chain holds"));
    });
    group.bench_function("verify", |bencher| {
        let genesis = Some(events[0].hash);
        assert!(verify(&log, genesis).passed());
        bencher.iter(|| verify(black_box(&log), genesis));
    });
    group.bench_function("members of one agreement", |bencher| {
        bencher.iter(|| members(black_box(asked), "agreement-7", question).expect("it is described"));
    });
    group.finish();
}

/// A new ledger, in which everything is described that acts will name.
/// The founding case as a whole cold process, beside a process of the same binary that only says its version.
fn ask_cold(criterion: &mut Criterion, desk: &Path) {
    let binary = env!("CARGO_BIN_EXE_servanda");
    let ledger = desk.join("ilrs.servanda");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(binary);
        command.args(arguments).arg("--ledger").arg(&ledger).current_dir(env!("CARGO_MANIFEST_DIR"));
        let output = command.env("XDG_CONFIG_HOME", desk.join("config")).output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout.len()
    };
    run(&["append", "--init", "--quiet", "fixtures/ilrs/october-2023", "fixtures/ilrs/other-sources"]);
    eprintln!("the founding case is appended by the binary of this profile: 57 events");
    let mut group = criterion.benchmark_group("cold process");
    group.bench_function("members of the founding case", |bencher| {
        bencher.iter(|| run(&["members", "ilrs", "--on", "2023-10-19", "--json"]));
    });
    group.bench_function("version alone", |bencher| bencher.iter(|| run(&["--version"])));
    group.finish();
}

fn found(desk: &Path, name: &str) -> (Folder, Generator) {
    let founding = Founding {
        origin: Origin::parse("bench.example/ledger").expect("an origin"),
        recorder: Recorder::parse("recorder").expect("a recorder"),
        log_key_seed: &[9; 32],
        now: now(),
    };
    let target = Folder::at(desk.join(name));
    let founded = Founded::new(&target, founding, &key(), &access()).expect("a ledger can be founded");
    let folder = founded.publish().expect("it can be moved into place");
    let mut ledger = Ledger::open(&folder, &access()).expect("the ledger opens");
    let mut generator = Generator { state: SEED };
    append_to(&mut ledger, generator.things());
    (folder, generator)
}

fn append_to(ledger: &mut Ledger, batch: Batch) {
    ledger.append(&[batch], Options::default(), &key(), now()).expect("it is admissible");
}

fn key() -> KeyFile {
    KeyFile::of(SigningKey::from_seed(&[7; 32]))
}

fn access() -> Access {
    Access { holder: "bench".to_owned(), lock_timeout: Duration::from_secs(10) }
}

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_767_225_600_000).expect("a moment of 2026")
}

/// Announcements out of a seed.
struct Generator {
    state: u64,
}

impl Generator {
    /// # Source
    ///
    /// `SplitMix64` (Steele, Lea and Flood, 2014).
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        let index = self.below(things.len() as u64);
        &things[usize::try_from(index).expect("below a length")]
    }

    /// Every party and agreement.
    fn things(&mut self) -> Batch {
        let parties = (0..PARTIES).map(|number| {
            Body::Party(Party {
                id: PartyId::parse(&format!("party-{number}")).expect("an id"),
                name: format!("Party number {number}"),
                r#type: PartyType::State,
                acts_for: None,
                country: None,
                also_known_as: Vec::new(),
                identifiers: None,
                from: None,
            })
        });
        let agreements = (0..AGREEMENTS).map(|number| {
            let of_type = if number % 2 == 0 { AgreementType::Treaty } else { AgreementType::Programme };
            Body::Agreement(Agreement {
                id: AgreementId::parse(&format!("agreement-{number}")).expect("an id"),
                title: format!("Agreement number {number}"),
                r#type: of_type,
                parent: None,
                subjects: Vec::new(),
                also_known_as: Vec::new(),
                depositary: None,
                membership: None,
                from: None,
            })
        });
        let bodies: Vec<Body> = parties.chain(agreements).collect();
        Batch { drafts: bodies.into_iter().map(|body| self.draft(body)).collect(), ..Batch::default() }
    }

    /// So many acts: three joinings to one departure.
    fn acts(&mut self, size: usize) -> Batch {
        let mut drafts = Vec::with_capacity(size);
        for _ in 0..size {
            let body = if self.below(4) == 0 { self.departure() } else { self.joining() };
            drafts.push(self.draft(body));
        }
        Batch { drafts, ..Batch::default() }
    }

    fn joining(&mut self) -> Body {
        const ACTS: &[JoiningAct] = &[JoiningAct::Signature, JoiningAct::Ratification, JoiningAct::Accession];
        let act = *self.one_of(ACTS);
        let role = (self.below(3) == 0).then_some(Role::Member);
        Body::Joining(Joining {
            party: self.party(),
            agreement: self.agreement(),
            act,
            occurred: self.date(),
            deposited: None,
            effective: None,
            through: None,
            role,
            stay: None,
            signatories: Vec::new(),
            attended_by: Vec::new(),
            scope: vec!["cooperation".to_owned()],
        })
    }

    fn departure(&mut self) -> Body {
        Body::Departure(Departure {
            party: self.party(),
            agreement: self.agreement(),
            act: DepartureAct::Withdrawal,
            occurred: self.date(),
            effective: None,
            stay: None,
        })
    }

    fn party(&mut self) -> PartyId {
        PartyId::parse(&format!("party-{}", self.below(PARTIES))).expect("an id")
    }

    fn agreement(&mut self) -> AgreementId {
        AgreementId::parse(&format!("agreement-{}", self.below(AGREEMENTS))).expect("an id")
    }

    /// A day, a month or a year, from 1950 on.
    fn date(&mut self) -> Date {
        let (year, month, day) = (1950 + self.below(75), 1 + self.below(12), 1 + self.below(28));
        let text = match self.below(4) {
            0 => format!("{year}-{month:02}"),
            1 => format!("{year}"),
            _ => format!("{year}-{month:02}-{day:02}"),
        };
        Date::parse(&text).expect("a date")
    }

    /// A draft that rests on a page, as most do; its number makes every draft another.
    fn draft(&mut self, body: Body) -> Draft {
        let number = self.next();
        let url = format!("https://gazette.example/{number:016x}");
        let source = Source {
            publisher: "The Gazette".to_owned(),
            title: None,
            url: Some(Url::try_from(url).expect("an address")),
            published: None,
            retrieved: None,
            grade: Grade::Press,
            document: None,
        };
        let mut draft = Draft::of(Announcement::of(body));
        draft.sources.push(DraftSource { source, document: None });
        draft
    }
}
