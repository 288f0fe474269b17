//! Names of countries in English, as tables write them: by which country each is found.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use crate::domain::name::folded;
use crate::exchange::table::countries;

/// Names that no rule makes out of those of ISO 3166-1, folded: of the United Nations, in common use, former ones of the
/// same state, and those of states that are no more. A name that states shared is not here.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("britain", "GBR"),
    ("brunei", "BRN"),
    ("burma", "MMR"),
    ("cape verde", "CPV"),
    ("ceylon", "LKA"),
    ("chinese taipei", "TWN"),
    ("congo - brazzaville", "COG"),
    ("congo - kinshasa", "COD"),
    ("czech republic", "CZE"),
    ("czechoslovakia", "CSK"),
    ("dahomey", "BEN"),
    ("democratic republic of congo", "COD"),
    ("democratic yemen", "YMD"),
    ("dr congo", "COD"),
    ("east timor", "TLS"),
    ("federal republic of germany", "DEU"),
    ("german democratic republic", "DDR"),
    ("german federal republic", "DEU"),
    ("great britain", "GBR"),
    ("hellenic republic", "GRC"),
    ("hong kong sar china", "HKG"),
    ("hong kong sar", "HKG"),
    ("islamic republic of pakistan", "PAK"),
    ("ivory coast", "CIV"),
    ("kyrgyz republic", "KGZ"),
    ("lao pdr", "LAO"),
    ("laos", "LAO"),
    ("libyan arab jamahiriya", "LBY"),
    ("macao sar china", "MAC"),
    ("macau", "MAC"),
    ("macedonia", "MKD"),
    ("myanmar (burma)", "MMR"),
    ("netherlands antilles", "ANT"),
    ("north korea", "PRK"),
    ("occupied palestinian territory", "PSE"),
    ("palestinian territories", "PSE"),
    ("people's republic of china", "CHN"),
    ("republic of congo", "COG"),
    ("republic of kosovo", "XKX"),
    ("republic of the congo", "COG"),
    ("russia", "RUS"),
    ("serbia and montenegro", "SCG"),
    ("slovak republic", "SVK"),
    ("south korea", "KOR"),
    ("soviet union", "SUN"),
    ("swaziland", "SWZ"),
    ("swiss confederation", "CHE"),
    ("syria", "SYR"),
    ("the former yugoslav republic of macedonia", "MKD"),
    ("former yugoslav republic of macedonia", "MKD"),
    ("turkey", "TUR"),
    ("union of soviet socialist republics", "SUN"),
    ("united kingdom", "GBR"),
    ("united states", "USA"),
    ("upper volta", "BFA"),
    ("vatican city", "VAT"),
    ("vatican", "VAT"),
    ("vietnam", "VNM"),
    ("western samoa", "WSM"),
    ("zaire", "COD"),
];

/// By a name: the country, or none if several have it.
type Names = HashMap<String, Option<&'static str>>;

/// The three letters of the only country with that folded name.
pub(super) fn of(name: &str) -> Option<&'static str> {
    static NAMES: OnceLock<Names> = OnceLock::new();
    let names = NAMES.get_or_init(names);
    let found = |name: &str| names.get(name).copied().flatten();
    let plain = in_full(name);
    found(&plain).or_else(|| found(&turned(&plain, ", ", "")?))
}

fn names() -> Names {
    let mut names = Names::new();
    // What is said in full comes first: `Congo` is a country, though another's name begins so too.
    let own: Vec<(String, &str)> = countries::all().map(|known| (in_full(&folded(known.name)), known.code)).collect();
    let others = OTHER_NAMES.iter().map(|(name, code)| (in_full(name), *code));
    for (name, code) in own.iter().cloned().chain(others) {
        names.insert(name, Some(code));
    }
    let firm = names.clone();
    for (name, code) in own {
        let turned = turned(&name, " (", ")");
        let short = name.split_once(" (").map(|(short, _)| short.to_owned());
        for name in turned.into_iter().chain(short).filter(|name| !firm.contains_key(name)) {
            match names.entry(name) {
                Entry::Vacant(slot) => drop(slot.insert(Some(code))),
                Entry::Occupied(mut slot) => drop(slot.insert(None)),
            }
        }
    }
    names
}

/// `bolivia (plurinational state of)` as `plurinational state of bolivia`.
fn turned(name: &str, between: &str, end: &str) -> Option<String> {
    let (last, first) = name.strip_suffix(end)?.split_once(between)?;
    let is_open = first.ends_with(" of") || first.ends_with(" of the") || first.ends_with(" the");
    is_open.then(|| in_full(&format!("{first} {last}")))
}

/// A folded name without what only some tables leave out or cut short.
fn in_full(name: &str) -> String {
    let name = name.strip_prefix("the ").unwrap_or(name);
    let name = name.strip_suffix(" (the)").unwrap_or(name).replace(" & ", " and ").replace(" - ", " ");
    let name = name.replace('-', " ").replace('\'', "");
    match name.strip_prefix("st. ").or_else(|| name.strip_prefix("st ")) {
        Some(rest) => format!("saint {rest}"),
        None => name,
    }
}
