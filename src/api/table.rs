//! The reports' own types, described: the domain declares them, and a field
//! that is added there does not compile here before it is described.

use serde_json::{Value, json};

use super::shape::{Field, Shape, Types, object};
use crate::domain::annual::{Annual, FIGURES, Figure, FigureId, Unit, Value as AnnualValue};
use crate::domain::money::Fen;
use crate::domain::month::Month;
use crate::domain::summary::{
    Adjusted, Below, Block, CommunityRow, Items, Period, ProgramLabel, Row, Summary, Tally,
};

macro_rules! described {
    ($($name:ident { $($field:ident: $type:ty, $words:literal;)* })+) => {$(
        impl Shape for $name {
            const NAME: Option<&'static str> = Some(stringify!($name));
            fn schema(types: &mut Types) -> Value {
                // Every field, with its type, or this does not compile.
                let _: fn(&$name) = |$name { $($field),* }| { $(let _: &$type = $field;)* };
                object(types, "", &[$(Field::of::<$type>(stringify!($field), $words),)*])
            }
        }
    )+};
}

type ByReason = std::collections::BTreeMap<String, Tally>;

impl Shape for ByReason {
    fn schema(types: &mut Types) -> Value {
        json!({ "type": "object", "additionalProperties": Tally::reference(types) })
    }
}

impl Shape for &'static str {
    fn schema(_: &mut Types) -> Value {
        json!({ "type": "string" })
    }
}

macro_rules! words {
    ($($type:ty => $($code:literal),+;)+) => {$(
        impl Shape for $type {
            fn schema(_: &mut Types) -> Value {
                json!({ "type": "string", "enum": [$($code),+] })
            }
        }
    )+};
}

words! {
    Period => "monthly", "quarterly", "once";
    Unit => "户", "人", "元";
}

impl Shape for FigureId {
    fn schema(_: &mut Types) -> Value {
        let all: Vec<String> = FIGURES.iter().map(|figure| format!("{:?}", figure.id)).collect();
        json!({ "type": "string", "enum": all })
    }
}

described! {
    Tally {
        households: i64, "户.";
        persons: i64, "人.";
        amount: Fen, "Fen.";
    }
    Items {
        count: i64, "笔.";
        amount: Fen, "Fen.";
    }
    Adjusted {
        up: Fen, "增发.";
        down: Fen, "减发, positive.";
        persons_up: i64, "People added to households that stay.";
        persons_down: i64, "People taken from households that stay.";
    }
    Row {
        last: Tally, "上月.";
        joined: Tally, "新增.";
        left: Tally, "停发.";
        moved_in: Tally, "转入 from another community.";
        moved_out: Tally, "转出 to another community.";
        adjusted: Adjusted, "调整.";
        due: Tally, "本月应发.";
        supplement: Fen, "其中: 分类施保.";
        arrears: Items, "补发.";
        deduction: Items, "扣发.";
        reissued: Items, "重发.";
        paid: Fen, "实发.";
        bank: Fen, "银行总额.";
        returned: Items, "退票.";
        succeeded: Fen, "成功.";
        change_households: Option<i64>, "环比 of 户, tenths of a percent.";
        change_amount: Option<i64>, "环比 of 金额, tenths of a percent.";
        joined_by: ByReason, "新增 by reason.";
        left_by: ByReason, "停发 by reason.";
    }
    ProgramLabel {
        code: String, "Code as in the policy.";
        zh: String, "Name on the table.";
        en: String, "English name.";
        period: Period, "How often it pays.";
        household: bool, "Whether a household receives.";
        mental: bool, "Without the right `mental` only the block's total is shown.";
        child: bool, "An allowance for children.";
    }
    Below {
        claims: Items, "追回 opened in this run.";
        waived: Items, "Waived differences of a rate.";
        held: Items, "暂缓.";
    }
    Block {
        program: ProgramLabel, "Which program.";
        communities: Vec<CommunityRow>, "In the order of their codes.";
        total: Row, "街道合计.";
        below: Below, "Below the table, outside its identities.";
    }
    Summary {
        street_code: String, "Code of the street.";
        street_name: String, "Name of the street.";
        month: Month, "The month of the runs.";
        closed: bool, "Whether every run is closed.";
        illustrative: bool, "Whether a policy behind it is only an example.";
        pending: Vec<String>, "Programs that paid last month and have no roster yet.";
        monthly: Vec<Block>, "One block per monthly program.";
        monthly_total: Row, "合计 of the monthly blocks.";
        quarterly: Vec<Block>, "Quarterly programs that paid in this month.";
        once: Vec<Block>, "Programs that pay once.";
    }
    AnnualValue {
        value: Option<i64>, "Fen where the unit is 元; none if suppressed.";
        unit: Unit, "Its unit.";
    }
    Figure {
        id: FigureId, "Number.";
        name_zh: &'static str, "Chinese name.";
        name_en: &'static str, "English name.";
        values: Vec<AnnualValue>, "In the order in which the report names them.";
        from: Month, "First month it speaks of.";
        to: Month, "Last month it speaks of.";
        definition_zh: &'static str, "Definition.";
        definition_en: &'static str, "Definition.";
    }
    Annual {
        street: String, "Name of the street.";
        from: Month, "January of the year.";
        through: Month, "Last month of the period.";
        roster_month: Month, "The month that the rosters are taken from.";
        roster_closed: bool, "Whether that month is closed.";
        illustrative: bool, "Whether a policy behind it is only an example.";
        figures: Vec<Figure>, "The figures.";
        paragraph_zh: String, "The paragraph.";
        paragraph_en: String, "Its English rendering.";
    }
}

impl Shape for CommunityRow {
    const NAME: Option<&'static str> = Some("CommunityRow");

    /// The figures stand beside code and name, not in an object of their own.
    fn schema(types: &mut Types) -> Value {
        let mut schema = Row::schema(types);
        for name in ["code", "name"] {
            if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
                properties.insert(name.to_owned(), json!({ "type": "string" }));
            }
            if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
                required.push(json!(name));
            }
        }
        schema
    }
}
