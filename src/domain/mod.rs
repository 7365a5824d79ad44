//! The rules of the trade, pure: no IO, no queries, no clock, no randomness.
//!
//! Everything here can be read by an auditor without knowing the database or
//! the web. Of diesel only the derives that say how a value is stored appear;
//! their implementations live in `store/`.

#[macro_use]
mod coded;

pub mod account;
pub mod annual;
pub mod area;
pub mod award;
pub mod certificate;
pub mod chinese_amount;
pub mod citizen_id;
pub mod code_table;
pub mod document;
pub mod fact;
pub mod grid_hand_over;
pub mod guardian;
pub mod household;
pub mod ids;
pub mod ledger;
pub mod life_event;
pub mod mask;
pub mod money;
pub mod month;
pub mod normalise;
pub mod password;
pub mod payout;
pub mod payout_hash;
pub mod pending;
pub mod pinyin;
pub mod policy;
pub mod population;
pub mod punctuation;
pub mod resident;
pub mod reveal;
pub mod role;
pub mod scope;
pub mod search;
pub mod summary;
pub mod temp_case;
pub mod visit;
pub mod written_date;
