//! A good book with something in every sheet. Region 320899 is nobody's.

use mingce::services::import::MemoryBook;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// A number with a right check character; `sex` odd for men.
pub fn id_number(serial: u32, born: &str, sex: u32) -> String {
    let body = format!("320899{born}{:02}{sex}", serial % 100);
    let sum: u32 = body.chars().zip(WEIGHTS).map(|(c, w)| c.to_digit(10).unwrap_or(0) * w).sum();
    let check = "10X98765432".chars().nth(sum as usize % 11).expect("a character");
    format!("{body}{check}")
}

pub fn head() -> String {
    id_number(1, "19490101", 1)
}

pub fn wife() -> String {
    id_number(2, "19520202", 2)
}

pub fn child() -> String {
    id_number(3, "20150615", 2)
}

pub fn dead() -> String {
    id_number(4, "19300303", 1)
}

/// A number of the head's disability certificate: mental, grade 2.
pub fn certificate() -> String {
    format!("{}62", head())
}

pub const RESIDENT: [&str; 9] =
    ["name", "doc_kind", "doc_no", "temp_no", "sex", "birth_on", "area", "phone", "marital"];

/// Something in every sheet; valid on 2023-09-01.
pub fn good_book() -> MemoryBook {
    let mut book = MemoryBook::new("good");
    book.sheet("areas", &["code", "name", "opened_on"])
        .row(["320899001", "测试街道", "2000-01-01"])
        .row(["320899001001", "东社区", "2000-01-01"])
        .row(["320899001001001", "第1网格", "2010-01-01"]);
    people(&mut book);
    homes(&mut book);
    benefits(&mut book);
    visits(&mut book);
    book
}

fn people(book: &mut MemoryBook) {
    let area = "320899001001";
    book.sheet("居民", &RESIDENT)
        .row(["张三", "", &head(), "", "", "", area, "13800001234", "已婚"])
        .row(["李梅", "", &wife(), "", "女", "1952-02-02", area, "", "20"])
        .row(["张小花", "", &child(), "", "", "", "320899001001001", "", ""])
        .row(["无名氏", "无证件", "", "T320899001-202301-0001", "男", "2023-01-05", area, "", ""])
        .row(["John Smith", "414", "E12345678", "", "1", "1980/5/6", area, "", ""]);
    book.sheet("residents", &["name", "doc_no", "area", "status"]).row([
        "王老",
        &dead(),
        area,
        "死亡",
    ]);
    book.sheet("events", &["person", "kind", "event_on", "reported_on", "decided_on"]).row([
        &dead(),
        "死亡",
        "2023-05-12",
        "2023-05-14",
        "2023-05-15",
    ]);
    book.sheet("guardians", &["person", "guardian", "name", "kind", "basis", "from_on"]).row([
        &child(),
        &head(),
        "张三",
        "祖父母或外祖父母",
        "法定",
        "2020-01-01",
    ]);
}

fn homes(book: &mut MemoryBook) {
    let area = "320899001001";
    book.sheet("households", &["kind", "household_no", "area", "address", "opened_on"])
        .row(["户籍户", "H001", area, "淮海花园9幢2单元301室", "2001-01-01"])
        .row(["救助家庭", "J001", area, "淮海花园9幢2单元301室", "2022-12-01"]);
    book.sheet(
        "members",
        &["kind", "household_no", "person", "relation", "from_on", "from_month", "known_on"],
    )
    .row(["户籍户", "H001", &head(), "户主", "2001-01-01", "", ""])
    .row(["户籍户", "H001", &wife(), "妻", "2001-01-01", "", ""])
    .row(["户籍户", "H001", &child(), "42", "2015-06-15", "", ""])
    .row(["救助家庭", "J001", &head(), "户主", "2022-12-01", "2023-01", "2022-12-20"])
    .row(["救助家庭", "J001", &wife(), "12", "2022-12-01", "2023-01", "2022-12-20"]);
}

fn benefits(book: &mut MemoryBook) {
    book.sheet(
        "facts",
        &["person", "kind", "code", "amount", "from_month", "decided_on", "known_on"],
    )
    .row([&head(), "收入", "pension", "3600.00", "2023-01", "2022-12-20", "2022-12-20"])
    .row([&child(), "困境儿童类别", "C2", "", "2023-01", "2022-12-20", "2022-12-20"]);
    book.sheet(
        "certificates",
        &["person", "cert_no", "first_issue", "issued_on", "from_month", "known_on"],
    )
    .row([&head(), &certificate(), "否", "2020-03-01", "2020-03", "2020-03-01"]);
    book.sheet(
        "accounts",
        &["person", "holder_name", "relation", "bank_name", "account", "opened_on"],
    )
    .row([head().as_str(), "张三", "本人", "示例银行", "6229990000000000019", "2020-01-01"]);
    book.sheet(
        "temp_cases",
        &[
            "case_no",
            "person",
            "kind",
            "cause",
            "level",
            "asked",
            "approved",
            "applied_on",
            "decided_on",
        ],
    )
    .row([
        "L2023001",
        &wife(),
        "支出型",
        "疾病",
        "街道",
        "3000",
        "1500",
        "2023-08-01",
        "2023-08-10",
    ]);
    book.sheet(
        "awards",
        &["program", "beneficiary", "person", "household_no", "case_no", "account", "opened_on"],
    )
    .row(["dibao", "家庭", &head(), "J001", "", "6229990000000000019", "2022-12-20"])
    .row(["children", "个人", &child(), "", "", "", "2022-12-20"])
    .row(["temporary", "个案", &wife(), "", "L2023001", "", "2023-08-10"]);
    book.sheet(
        "decisions",
        &[
            "program",
            "beneficiary",
            "person",
            "household_no",
            "case_no",
            "kind",
            "from_month",
            "to_month",
            "decided_on",
            "reason",
            "annuls_month",
            "amount",
        ],
    )
    .row(["dibao", "家庭", "", "J001", "", "审核确认", "2023-01", "", "2022-12-20", "", "", ""])
    .row(["children", "个人", &child(), "", "", "confirm", "2023-01", "", "2022-12-20", "", "", ""])
    .row([
        "children",
        "个人",
        &child(),
        "",
        "",
        "停发",
        "2023-06",
        "",
        "2023-05-20",
        "不再符合条件",
        "",
        "",
    ])
    .row([
        "children",
        "个人",
        &child(),
        "",
        "",
        "撤销停发",
        "2023-06",
        "",
        "2023-06-20",
        "",
        "2023-06",
        "",
    ])
    .row([
        "temporary",
        "个案",
        "",
        "",
        "L2023001",
        "confirm",
        "2023-08",
        "2023-09",
        "2023-08-10",
        "",
        "",
        "1500",
    ]);
    book.sheet("starts", &["program", "first_month"])
        .row(["dibao", "2023-02"])
        .row(["children", "2023-02"]);
    book.sheet(
        "opening",
        &[
            "program",
            "beneficiary",
            "person",
            "household_no",
            "month",
            "amount",
            "supplement",
            "persons",
        ],
    )
    .row(["dibao", "家庭", "", "J001", "2023-01", "1000.00", "81", "2"])
    .row(["children", "个人", &child(), "", "2023-01", "1206", "", ""]);
}

fn visits(book: &mut MemoryBook) {
    book.sheet(
        "visits",
        &[
            "visit_no",
            "household_kind",
            "household_no",
            "purpose",
            "done_on",
            "worker",
            "result",
            "status",
        ],
    )
    .row(["Z0001", "户籍户", "H001", "人口核实", "2023-03-05", "网格员甲", "已见面", "已审核"]);
    book.sheet("visit_persons", &["visit_no", "person"])
        .row(["Z0001", head().as_str()])
        .row(["Z0001", wife().as_str()]);
}
