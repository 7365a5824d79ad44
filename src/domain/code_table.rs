//! Code tables of national standards (`domain.md` §2.3, §2.4).
//!
//! Small tables are enums; the long ones (relation to head, ethnicity) are
//! tables with a newtype that can hold only a row of them.

coded! {
    /// Sex, GB/T 2261.1.
    Sex {
        Unknown = "0", "未知的性别", "unknown";
        Male = "1", "男", "male";
        Female = "2", "女", "female";
        NotStated = "9", "未说明的性别", "not stated";
    }
}

impl Sex {
    /// The stored number.
    #[must_use]
    pub const fn number(self) -> i32 {
        match self {
            Sex::Unknown => 0,
            Sex::Male => 1,
            Sex::Female => 2,
            Sex::NotStated => 9,
        }
    }

    /// From the stored number.
    #[must_use]
    pub const fn from_number(number: i32) -> Option<Sex> {
        match number {
            0 => Some(Sex::Unknown),
            1 => Some(Sex::Male),
            2 => Some(Sex::Female),
            9 => Some(Sex::NotStated),
            _ => None,
        }
    }
}

coded! {
    /// Marital status, GB/T 2261.2.
    Marital {
        Single = "10", "未婚", "never married";
        Married = "20", "已婚", "married";
        FirstMarriage = "21", "初婚", "first marriage";
        Remarried = "22", "再婚", "remarried";
        Restored = "23", "复婚", "remarried to the same person";
        Widowed = "30", "丧偶", "widowed";
        Divorced = "40", "离婚", "divorced";
        NotStated = "90", "未说明的婚姻状况", "not stated";
    }
}

coded! {
    /// Education, GB/T 4658-2006 (first digit; the second digit 1 where completion matters).
    Education {
        Postgraduate = "10", "研究生", "postgraduate";
        Doctor = "11", "博士研究生毕业", "doctoral degree";
        Master = "14", "硕士研究生毕业", "master's degree";
        Bachelor = "20", "大学本科", "undergraduate";
        BachelorDone = "21", "大学本科毕业", "bachelor's degree";
        College = "30", "大学专科", "junior college";
        CollegeDone = "31", "大学专科毕业", "junior college, completed";
        Vocational = "40", "中等职业教育", "secondary vocational";
        High = "60", "普通高级中学", "senior secondary";
        Middle = "70", "初级中学", "junior secondary";
        Primary = "80", "小学", "primary";
        Other = "90", "其他", "other";
    }
}

coded! {
    /// Where a person is registered and where they live (`domain.md` §2.4).
    ResidenceStatus {
        Here = "R1", "人户一致", "registered and living here";
        Away = "R2", "户在人不在", "registered here, living elsewhere";
        Incoming = "R3", "人在户不在", "living here, registered elsewhere";
        Nominal = "R4", "空挂户", "nominal registration";
        Temporary = "R5", "寄住或暂住", "staying less than six months";
        Foreign = "R6", "境外人员", "from outside the mainland";
        Missing = "R7", "去向不明", "whereabouts unknown";
    }
}

impl ResidenceStatus {
    /// Whether the person's household register is kept here.
    #[must_use]
    pub const fn registered_here(self) -> bool {
        !matches!(
            self,
            ResidenceStatus::Incoming | ResidenceStatus::Temporary | ResidenceStatus::Foreign
        )
    }

    /// Whether the person usually lives here (`domain.md` §2.4).
    #[must_use]
    pub const fn lives_here(self) -> bool {
        matches!(self, ResidenceStatus::Here | ResidenceStatus::Incoming | ResidenceStatus::Foreign)
    }
}

/// One row of a long code table.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The two digits.
    pub code: &'static str,
    /// Chinese name.
    pub zh: &'static str,
    /// English name.
    pub en: &'static str,
}

const fn e(code: &'static str, zh: &'static str, en: &'static str) -> Entry {
    Entry { code, zh, en }
}

fn lookup(table: &'static [Entry], text: &str) -> Option<&'static Entry> {
    let text = text.trim();
    table.iter().find(|row| row.code == text || row.zh == text || row.en.eq_ignore_ascii_case(text))
}

/// Relation to the head of a household, GB/T 4761-2008.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Relation(&'static Entry);

impl Relation {
    /// The head 户主.
    pub const HEAD: Relation = Relation(&HEAD);

    /// Reads the code or a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Relation> {
        match text.trim() {
            "02" | "户主" => Some(Relation::HEAD),
            other => lookup(RELATIONS, other).map(Relation),
        }
    }

    /// The two digits.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    /// Chinese name.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        self.0.zh
    }

    /// English name.
    #[must_use]
    pub const fn en(self) -> &'static str {
        self.0.en
    }

    /// Whether this is the head: 02, or 01 as assistance files write it.
    #[must_use]
    pub fn is_head(self) -> bool {
        matches!(self.0.code, "01" | "02")
    }

    /// Every relation, in the order of the standard (for drop-downs).
    pub fn all() -> impl Iterator<Item = Relation> {
        std::iter::once(Relation::HEAD).chain(RELATIONS.iter().map(Relation))
    }
}

impl serde::Serialize for Relation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> serde::Deserialize<'de> for Ethnicity {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Ethnicity, D::Error> {
        let code = String::deserialize(deserializer)?;
        Ethnicity::parse(&code).ok_or_else(|| serde::de::Error::custom("unknown ethnicity"))
    }
}

impl<'de> serde::Deserialize<'de> for Relation {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Relation, D::Error> {
        let code = String::deserialize(deserializer)?;
        Relation::parse(&code).ok_or_else(|| serde::de::Error::custom("unknown relation"))
    }
}

/// Ethnicity, GB/T 3304-1991.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ethnicity(&'static Entry);

impl Ethnicity {
    /// Reads the code or a name, with or without 族.
    #[must_use]
    pub fn parse(text: &str) -> Option<Ethnicity> {
        let text = text.trim();
        let short = text.strip_suffix('族').unwrap_or(text);
        lookup(ETHNICITIES, short).map(Ethnicity)
    }

    /// The two digits.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    /// Chinese name, without 族.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        self.0.zh
    }

    /// Name in Latin letters.
    #[must_use]
    pub const fn en(self) -> &'static str {
        self.0.en
    }

    /// Every ethnicity, in the order of the standard (for drop-downs).
    pub fn all() -> impl Iterator<Item = Ethnicity> {
        ETHNICITIES.iter().map(Ethnicity)
    }
}

static HEAD: Entry = e("02", "户主", "head");

#[rustfmt::skip]
static RELATIONS: &[Entry] = &[
    e("01", "本人", "self"),
    e("10", "配偶", "spouse"),
    e("11", "夫", "husband"),
    e("12", "妻", "wife"),
    e("20", "子", "son"),
    e("21", "独生子", "only son"),
    e("22", "长子", "eldest son"),
    e("23", "次子", "second son"),
    e("24", "三子", "third son"),
    e("25", "四子", "fourth son"),
    e("26", "五子", "fifth son"),
    e("27", "养子或继子", "adopted or step son"),
    e("28", "女婿", "son-in-law"),
    e("29", "其他儿子", "other son"),
    e("30", "女", "daughter"),
    e("31", "独生女", "only daughter"),
    e("32", "长女", "eldest daughter"),
    e("33", "次女", "second daughter"),
    e("34", "三女", "third daughter"),
    e("35", "四女", "fourth daughter"),
    e("36", "五女", "fifth daughter"),
    e("37", "养女或继女", "adopted or step daughter"),
    e("38", "儿媳", "daughter-in-law"),
    e("39", "其他女儿", "other daughter"),
    e("40", "孙子、孙女或外孙子、外孙女", "grandchild"),
    e("41", "孙子", "son's son"),
    e("42", "孙女", "son's daughter"),
    e("43", "外孙子", "daughter's son"),
    e("44", "外孙女", "daughter's daughter"),
    e("45", "孙媳妇或外孙媳妇", "grandson's wife"),
    e("46", "孙女婿或外孙女婿", "granddaughter's husband"),
    e("47", "曾孙子或外曾孙子", "great-grandson"),
    e("48", "曾孙女或外曾孙女", "great-granddaughter"),
    e("49", "其他孙子、孙女", "other grandchild"),
    e("50", "父母", "parent"),
    e("51", "父亲", "father"),
    e("52", "母亲", "mother"),
    e("53", "公公", "husband's father"),
    e("54", "婆婆", "husband's mother"),
    e("55", "岳父", "wife's father"),
    e("56", "岳母", "wife's mother"),
    e("57", "继父或养父", "step or adoptive father"),
    e("58", "继母或养母", "step or adoptive mother"),
    e("59", "其他父母关系", "other parent"),
    e("60", "祖父母或外祖父母", "grandparent"),
    e("61", "祖父", "father's father"),
    e("62", "祖母", "father's mother"),
    e("63", "外祖父", "mother's father"),
    e("64", "外祖母", "mother's mother"),
    e("65", "配偶的祖父母或外祖父母", "spouse's grandparent"),
    e("66", "曾祖父", "great-grandfather"),
    e("67", "曾祖母", "great-grandmother"),
    e("68", "配偶的曾祖父母或外曾祖父母", "spouse's great-grandparent"),
    e("69", "其他祖父母关系", "other grandparent"),
    e("70", "兄弟姐妹", "sibling"),
    e("71", "兄", "elder brother"),
    e("72", "嫂", "elder brother's wife"),
    e("73", "弟", "younger brother"),
    e("74", "弟媳", "younger brother's wife"),
    e("75", "姐姐", "elder sister"),
    e("76", "姐夫", "elder sister's husband"),
    e("77", "妹妹", "younger sister"),
    e("78", "妹夫", "younger sister's husband"),
    e("79", "其他兄弟姐妹", "other sibling"),
    e("80", "其他", "other"),
    e("97", "其他亲属", "other relative"),
    e("99", "非亲属", "not a relative"),
];

#[rustfmt::skip]
static ETHNICITIES: &[Entry] = &[
    e("01", "汉", "Han"),
    e("02", "蒙古", "Mongol"),
    e("03", "回", "Hui"),
    e("04", "藏", "Zang"),
    e("05", "维吾尔", "Uygur"),
    e("06", "苗", "Miao"),
    e("07", "彝", "Yi"),
    e("08", "壮", "Zhuang"),
    e("09", "布依", "Buyei"),
    e("10", "朝鲜", "Chosen"),
    e("11", "满", "Man"),
    e("12", "侗", "Dong"),
    e("13", "瑶", "Yao"),
    e("14", "白", "Bai"),
    e("15", "土家", "Tujia"),
    e("16", "哈尼", "Hani"),
    e("17", "哈萨克", "Kazak"),
    e("18", "傣", "Dai"),
    e("19", "黎", "Li"),
    e("20", "傈僳", "Lisu"),
    e("21", "佤", "Va"),
    e("22", "畲", "She"),
    e("23", "高山", "Gaoshan"),
    e("24", "拉祜", "Lahu"),
    e("25", "水", "Sui"),
    e("26", "东乡", "Dongxiang"),
    e("27", "纳西", "Naxi"),
    e("28", "景颇", "Jingpo"),
    e("29", "柯尔克孜", "Kirgiz"),
    e("30", "土", "Tu"),
    e("31", "达斡尔", "Daur"),
    e("32", "仫佬", "Mulao"),
    e("33", "羌", "Qiang"),
    e("34", "布朗", "Blang"),
    e("35", "撒拉", "Salar"),
    e("36", "毛南", "Maonan"),
    e("37", "仡佬", "Gelao"),
    e("38", "锡伯", "Xibe"),
    e("39", "阿昌", "Achang"),
    e("40", "普米", "Pumi"),
    e("41", "塔吉克", "Tajik"),
    e("42", "怒", "Nu"),
    e("43", "乌孜别克", "Uzbek"),
    e("44", "俄罗斯", "Russ"),
    e("45", "鄂温克", "Ewenki"),
    e("46", "德昂", "Deang"),
    e("47", "保安", "Bonan"),
    e("48", "裕固", "Yugur"),
    e("49", "京", "Gin"),
    e("50", "塔塔尔", "Tatar"),
    e("51", "独龙", "Derung"),
    e("52", "鄂伦春", "Oroqen"),
    e("53", "赫哲", "Hezhen"),
    e("54", "门巴", "Monba"),
    e("55", "珞巴", "Lhoba"),
    e("56", "基诺", "Jino"),
    e("97", "其他", "other"),
    e("98", "外国血统中国籍", "naturalised"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_read_back() {
        for sex in Sex::ALL {
            assert_eq!(Sex::parse(sex.zh()), Some(*sex));
            assert_eq!(Sex::from_number(sex.number()), Some(*sex));
        }
        for relation in Relation::all() {
            assert_eq!(Relation::parse(relation.code()), Some(relation));
            assert_eq!(Relation::parse(relation.zh()), Some(relation));
        }
        assert_eq!(Relation::parse(" 户主 "), Some(Relation::HEAD));
        assert_eq!(Relation::parse("户主的猫"), None);
        assert_eq!(Ethnicity::parse("汉族").map(Ethnicity::code), Some("01"));
        assert_eq!(Ethnicity::all().count(), 58);
        assert_eq!(Marital::parse("丧偶"), Some(Marital::Widowed));
        assert_eq!(ResidenceStatus::from_code("R9"), None);
    }
}
