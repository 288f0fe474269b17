//! The tables of manytreaties and its siblings, as one table of agreements and one of acts.
//!
//! One data set is one opinion: the same treaty stands there once for each, under an id of its own. The row of a data
//! set is one stay, and membership is what the rows state.
//!
//! # Source
//!
//! Hollway, J. et al., globalgov: the R packages manytreaties, manyenviron, manyhealth and manytrade, CC BY 4.0.

use std::collections::{BTreeMap, HashMap};

use crate::domain::agreement::{AgreementType, InForce};
use crate::exchange::table::COMMA;
use crate::exchange::table::countries::CodeSystem;
use crate::exchange::table::dates::{DateForm, DateForms};
use crate::exchange::table::layout::{BroughtBy, Field, Form, IMPORTED, Layout, NewAgreements, NewParties, StayKey};
use crate::exchange::table::more::More;

/// What these tables write where an end has not come.
const NO_END: &str = "9999-12-31";
/// What stands for a country: `EC` is the European Community here, and not Ecuador.
const CODES: [CodeSystem; 2] = [CodeSystem::Alpha3, CodeSystem::Former];
/// Later years stand for none.
const LAST_YEAR: i32 = 2099;

/// What the columns of the table of acts mean.
pub fn layout() -> Layout {
    let column = |name: &str| Field::Column(name.to_owned());
    Layout {
        delimiter: COMMA,
        form: Form::default(),
        party: column("party"),
        party_name: column("party_name"),
        agreement: column("agreement_id"),
        agreement_title: Field::Absent,
        act: column("action"),
        date: column("date"),
        date_parts: None,
        effective: Field::Absent,
        announced: Field::Absent,
        role: Field::Absent,
        note: Field::Absent,
        reference: column("source_ref"),
        more: More::default(),
        stay: StayKey::RowOfReference,
        acts: HashMap::new(),
        letters: BTreeMap::new(),
        dates: DateForms {
            forms: vec![DateForm::Edtf],
            none: Vec::new(),
            none_at_end: vec![NO_END.to_owned()],
            last_year: LAST_YEAR,
            seasons: false,
            floats: false,
        },
        parties: NewParties { codes: CODES.to_vec(), ..NewParties::default() },
        agreements: NewAgreements {
            prefix: String::new(),
            r#type: AgreementType::Treaty,
            in_force: InForce::Stated,
            brought_by: BroughtBy::OwnTable,
        },
        reason: IMPORTED.to_owned(),
    }
}
