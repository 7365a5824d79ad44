//! The paragraph, in Chinese and in English, from the figures alone.

use super::{Figure, FigureId, Frame, Value};
use crate::domain::month::Month;

pub(super) struct Words<'a> {
    pub(super) figures: &'a [Figure],
    pub(super) frame: &'a Frame,
}

impl Words<'_> {
    fn number(&self, id: FigureId, at: usize) -> String {
        let figure = self.figures.iter().find(|figure| figure.id == id);
        figure.and_then(|figure| figure.values.get(at)).map(Value::show).unwrap_or_default()
    }

    pub(super) fn zh(&self) -> String {
        let n = |id, at| self.number(id, at);
        let last = self.frame.through.number();
        let period = if last == 1 { "1月".to_owned() } else { format!("1—{last}月") };
        let roster = self.frame.roster_month.number();
        format!(
            "{year}年{period},社区走访核实辖区人口{r01}人。截至{roster}月,辖区低保{r05}户{r05p}人,\
             每月发放低保金{r06}元;困境儿童{r07}户{r07p}人,每月发放{r08}元。{period},\
             街道审核发放临时救助{r09}户{r09y}元,上报区级发放临时救助{r10}户{r10y}元。\
             {period},新办证残疾人{r11}人。截至{roster}月,享受护理补贴{r12}人、生活补贴{r13}人,\
             两残补贴每月发放{r14}元;低保外智力、精神三四级残疾人{r15}人,每月发放{r15y}元。{mark}",
            year = self.frame.through.year(),
            r01 = n(FigureId::R01, 0),
            r05 = n(FigureId::R05, 0),
            r05p = n(FigureId::R05, 1),
            r06 = n(FigureId::R06, 0),
            r07 = n(FigureId::R07, 0),
            r07p = n(FigureId::R07, 1),
            r08 = n(FigureId::R08, 0),
            r09 = n(FigureId::R09, 0),
            r09y = n(FigureId::R09, 1),
            r10 = n(FigureId::R10, 0),
            r10y = n(FigureId::R10, 1),
            r11 = n(FigureId::R11, 0),
            r12 = n(FigureId::R12, 0),
            r13 = n(FigureId::R13, 0),
            r14 = n(FigureId::R14, 0),
            r15 = n(FigureId::R15, 0),
            r15y = n(FigureId::R15, 1),
            mark = if self.frame.illustrative { "(金额按示例标准计算)" } else { "" },
        )
    }

    pub(super) fn en(&self) -> String {
        let n = |id, at| self.number(id, at);
        let through = month_en(self.frame.through);
        let period = if self.frame.through.number() == 1 {
            format!("In January {}", self.frame.through.year())
        } else {
            format!("From January to {through}")
        };
        format!(
            "{period} the communities verified {r01} residents by visit. In {roster} dibao was paid \
             to {r05} households with {r05p} persons, CNY {r06} a month, and the allowance for \
             children in difficulty to {r07p} children in {r07} households, CNY {r08} a month. \
             Over the period the street granted temporary assistance in {r09} cases, CNY {r09y}, \
             and the district in {r10} cases, CNY {r10y}. First disability certificates went to \
             {r11} persons. In {roster} {r12} persons received the care subsidy and {r13} the \
             living subsidy, together CNY {r14} a month; {r15} persons with intellectual or mental \
             disability of grade 3–4 outside dibao received CNY {r15y} a month.{mark}",
            roster = month_en(self.frame.roster_month),
            r01 = n(FigureId::R01, 0),
            r05 = n(FigureId::R05, 0),
            r05p = n(FigureId::R05, 1),
            r06 = n(FigureId::R06, 0),
            r07 = n(FigureId::R07, 0),
            r07p = n(FigureId::R07, 1),
            r08 = n(FigureId::R08, 0),
            r09 = n(FigureId::R09, 0),
            r09y = n(FigureId::R09, 1),
            r10 = n(FigureId::R10, 0),
            r10y = n(FigureId::R10, 1),
            r11 = n(FigureId::R11, 0),
            r12 = n(FigureId::R12, 0),
            r13 = n(FigureId::R13, 0),
            r14 = n(FigureId::R14, 0),
            r15 = n(FigureId::R15, 0),
            r15y = n(FigureId::R15, 1),
            mark =
                if self.frame.illustrative { " (Amounts follow illustrative rates.)" } else { "" },
        )
    }
}

fn month_en(month: Month) -> String {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let at = usize::try_from(month.number()).unwrap_or(1).saturating_sub(1);
    format!("{} {}", NAMES.get(at).copied().unwrap_or_default(), month.year())
}
