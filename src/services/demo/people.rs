//! Invented people: names, ID numbers of the unassigned region 320899, phones
//! and accounts that nobody can own.

use std::collections::HashMap;

use chrono::{Datelike, Days, NaiveDate};

use super::random::Random;
use crate::domain::citizen_id;
use crate::domain::code_table::{ResidenceStatus, Sex};
use crate::domain::document::DocKind;

/// A region that is assigned to nobody (`domain.md` §2.1).
const REGION: &str = "320899";

/// Commoner surnames stand more often.
const SURNAMES: &[&str] = &[
    "王", "王", "王", "李", "李", "李", "张", "张", "张", "刘", "刘", "陈", "陈", "杨", "杨", "周",
    "周", "吴", "吴", "徐", "徐", "孙", "孙", "朱", "朱", "胡", "胡", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许",
    "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余",
    "潘", "杜", "戴", "夏", "钟", "汪", "田", "任", "姜", "范", "方", "石", "姚", "谭", "廖", "邹",
    "熊", "金", "陆", "郝", "孔", "白", "崔", "康", "毛", "邱", "秦", "江", "史", "顾", "侯", "邵",
    "孟", "龙", "万", "段", "雷", "钱", "汤", "尹", "黎", "易", "常", "武", "乔", "贺", "赖", "龚",
    "文", "欧阳", "司马", "上官", "诸葛", "皇甫", "尉迟", "司徒",
];
const MALE: &[&str] = &[
    "伟", "强", "磊", "军", "洋", "勇", "杰", "涛", "超", "明", "刚", "平", "辉", "鹏", "华", "飞",
    "鑫", "波", "斌", "宇", "浩", "凯", "健", "俊", "帆", "帅", "旭", "宁", "龙", "林", "欢", "阳",
    "建国", "志强", "国庆", "德明", "永福", "长江", "海涛", "文博", "子轩", "浩然", "宇航", "家豪",
    "立新", "振华", "福生", "根生", "金宝", "大林", "学文", "庆余", "春生", "冬至", "广田", "玉柱",
];
const FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "燕", "玲", "梅", "洁", "云", "莉", "琴", "红",
    "颖", "慧", "萍", "英", "兰", "倩", "雪", "琳", "晶", "莹", "婷", "璐", "薇", "月", "珍", "凤",
    "秀英", "桂兰", "玉珍", "淑华", "秀兰", "玉兰", "凤英", "桂芳", "雨欣", "梓涵", "诗涵", "欣怡",
    "晓燕", "美玲", "小红", "春梅", "翠花", "巧云", "素芬", "惠芳", "雅琴", "思雨", "佳怡", "若兰",
];
const PHONES: &[&str] =
    &["130", "133", "135", "136", "137", "138", "139", "150", "158", "177", "186", "189"];

/// One invented person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Full name.
    pub name: String,
    /// Document; an ID card for nearly everybody.
    pub doc_kind: DocKind,
    /// Valid, unique within one demo.
    pub id_no: String,
    /// As the number says.
    pub sex: Sex,
    /// As the number says.
    pub born: NaiveDate,
    /// `1xx0000xxxx`: such numbers are not given out.
    pub phone: Option<String>,
    /// R1–R7.
    pub status: ResidenceStatus,
    /// To the head of the home; 02 is the head.
    pub relation: &'static str,
}

/// Makes people whose numbers are unique.
#[derive(Debug, Default)]
pub struct PeopleMaker {
    /// Per day of birth: the next odd (male) and even (female) sequence.
    sequences: HashMap<NaiveDate, (u16, u16)>,
    accounts: u64,
    foreigners: u32,
}

impl PeopleMaker {
    /// A person who is registered and lives here.
    pub fn person(
        &mut self,
        random: &mut Random,
        surname: Option<&str>,
        sex: Sex,
        born: NaiveDate,
        relation: &'static str,
    ) -> Person {
        let (id_no, born) = self.id_number(sex, born);
        let name = name(random, surname, sex);
        let adult = born.year() < 2010;
        let phone = (adult && random.chance(85))
            .then(|| format!("{}0000{:04}", random.pick(PHONES), random.below(10_000)));
        Person {
            name,
            doc_kind: DocKind::IdCard,
            id_no,
            sex,
            born,
            phone,
            status: ResidenceStatus::Here,
            relation,
        }
    }

    /// A number nobody else has; a day whose numbers are used up passes on to
    /// the next.
    fn id_number(&mut self, sex: Sex, born: NaiveDate) -> (String, NaiveDate) {
        let mut day = born;
        loop {
            let (odd, even) = self.sequences.entry(day).or_insert((1, 2));
            let next = if sex == Sex::Male { odd } else { even };
            if *next <= 999 {
                let digits = format!("{REGION}{}{:03}", day.format("%Y%m%d"), *next);
                *next += 2;
                let check = char::from(citizen_id::check_character(digits.as_bytes()));
                return (format!("{digits}{check}"), day);
            }
            day = day.checked_sub_days(Days::new(1)).unwrap_or(NaiveDate::MIN);
        }
    }

    /// Makes a person from outside the mainland of somebody: a document whose
    /// number has no form that anybody's document has.
    pub fn make_foreign(&mut self, person: &mut Person) {
        self.foreigners += 1;
        person.doc_kind = DocKind::Other;
        person.id_no = format!("DEMO-{:06}", self.foreigners);
        person.status = ResidenceStatus::Foreign;
    }

    /// The next account of the invented bank 622999, with its Luhn digit.
    pub fn account(&mut self) -> String {
        self.accounts += 1;
        let body = format!("622999{:012}", self.accounts);
        let sum: u32 = body
            .bytes()
            .rev()
            .enumerate()
            .map(|(at, byte)| {
                let digit = u32::from(byte - b'0');
                match (at % 2, digit) {
                    (0, 5..) => digit * 2 - 9,
                    (0, _) => digit * 2,
                    _ => digit,
                }
            })
            .sum();
        format!("{body}{}", (10 - sum % 10) % 10)
    }
}

/// A name, with this surname if one is given.
pub fn name(random: &mut Random, surname: Option<&str>, sex: Sex) -> String {
    let surname = surname.unwrap_or_else(|| random.pick(SURNAMES));
    let given = random.pick(if sex == Sex::Male { MALE } else { FEMALE });
    format!("{surname}{given}")
}

/// The surname of a name made here.
#[must_use]
pub fn surname(name: &str) -> &str {
    let compound = SURNAMES.iter().find(|s| s.chars().count() == 2 && name.starts_with(**s));
    match (compound, name.char_indices().nth(1)) {
        (Some(surname), _) => surname,
        (None, Some((at, _))) => name.get(..at).unwrap_or(name),
        (None, None) => name,
    }
}

/// Somebody's day of birth who is `age` at the end of 2022.
pub fn born_at_age(random: &mut Random, age: i32) -> NaiveDate {
    let day = random.below(365);
    NaiveDate::from_yo_opt(2022 - age, day + 1).unwrap_or_default()
}

/// Either sex.
pub fn any_sex(random: &mut Random) -> Sex {
    if random.chance(51) { Sex::Male } else { Sex::Female }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountNo;
    use crate::domain::citizen_id::CitizenId;

    #[test]
    fn numbers_are_valid_and_unique() {
        let today = NaiveDate::from_ymd_opt(2023, 1, 1).expect("a date");
        let born = NaiveDate::from_ymd_opt(1949, 1, 1).expect("a date");
        let (mut maker, mut random) = (PeopleMaker::default(), Random::new(1));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_200 {
            let person = maker.person(&mut random, None, Sex::Male, born, "02");
            let id = CitizenId::parse(&person.id_no, today).expect("valid");
            assert_eq!((id.sex(), id.birth_on()), (Sex::Male, person.born));
            assert!(seen.insert(person.id_no));
            let account = AccountNo::parse(&maker.account()).expect("an account");
            assert!(account.luhn_ok());
        }
        assert_eq!(maker.account().len(), 19);
    }

    #[test]
    fn surnames_are_found_again() {
        assert_eq!(surname("欧阳建国"), "欧阳");
        assert_eq!(surname("张伟"), "张");
    }
}
