//! The paragraph and what leaves the office.

use super::*;

fn seed() -> Counted {
    let tally =
        |households, persons, yuan| Tally { households, persons, amount: Fen::from_yuan(yuan) };
    Counted {
        verified: 28_973,
        dibao: tally(93, 146, 80_632),
        children: tally(34, 34, 37_697),
        by_street: Items { count: 18, amount: Fen::from_yuan(13_150) },
        by_district: Items { count: 8, amount: Fen::from_yuan(57_690) },
        first_certificates: 12,
        care: tally(251, 251, 44_450),
        living: tally(74, 74, 57_125),
        living_l5: tally(8, 8, 2_584),
    }
}

fn frame(public: bool) -> Frame {
    Frame {
        street: "长东街道".into(),
        through: Month::new(2023, 11).unwrap(),
        roster_month: Month::new(2023, 10).unwrap(),
        roster_closed: true,
        illustrative: true,
        public,
    }
}

#[test]
fn the_paragraph_names_the_figures_of_the_report() {
    let annual = report(frame(false), &seed());
    assert_eq!(
        annual.paragraph_zh,
        "2023年1—11月,社区走访核实辖区人口28,973人。截至10月,辖区低保93户146人,每月发放低保金80,632元;\
         困境儿童34户34人,每月发放37,697元。1—11月,街道审核发放临时救助18户13,150元,\
         上报区级发放临时救助8户57,690元。1—11月,新办证残疾人12人。截至10月,享受护理补贴251人、\
         生活补贴74人,两残补贴每月发放101,575元;低保外智力、精神三四级残疾人8人,每月发放2,584元。\
         (金额按示例标准计算)"
    );
    for figure in ["28,973", "93", "80,632", "13,150", "57,690", "101,575", "2,584"] {
        assert!(annual.paragraph_en.contains(figure), "{figure}");
    }
    let r09 = annual.figures.iter().find(|figure| figure.id == FigureId::R09).unwrap();
    assert_eq!((r09.from.to_string(), r09.to.to_string()), ("2023-01".into(), "2023-11".into()));
}

#[test]
fn small_cells_do_not_leave_the_office() {
    let mut counted = seed();
    counted.living_l5 = Tally { households: 3, persons: 3, amount: Fen::from_yuan(969) };
    let inside = report(frame(false), &counted);
    assert!(inside.paragraph_zh.contains("三四级残疾人3人,每月发放969元"));
    let outside = report(frame(true), &counted);
    assert!(outside.paragraph_zh.contains("三四级残疾人<5人,每月发放<5元"));
    assert!(!serde_json::to_string(&outside).unwrap().contains("969"));
    assert!(outside.paragraph_zh.contains("低保93户"));
}

#[test]
fn numbers_are_read_as_people_write_them() {
    assert_eq!(FigureId::parse(" r05 "), Some(FigureId::R05));
    assert_eq!(FigureId::parse("R02"), None);
    assert_eq!(FigureId::R14.definition().unwrap().zh, "两残补贴月发放额");
}
