//! The sheets, in the order in which they are read: what is referred to comes
//! before what refers to it.

use super::codes as c;
use super::{Column, Kind, Sheet};

const fn must(zh: &'static str, key: &'static str, kind: Kind, help: &'static str) -> Column {
    Column { zh, key, kind, required: true, help }
}

const fn may(zh: &'static str, key: &'static str, kind: Kind, help: &'static str) -> Column {
    Column { zh, key, kind, required: false, help }
}

const PERSON: &str = "证件号码或临时编号";
const MONTH: &str = "如 2023-11";
const DAY: &str = "如 2023-11-05";

/// All sheets.
pub static SHEETS: &[&Sheet] = &[
    &AREA,
    &RESIDENT,
    &HOUSEHOLD,
    &MEMBER,
    &EVENT,
    &FACT,
    &CERTIFICATE,
    &GUARDIAN,
    &ACCOUNT,
    &TEMP_CASE,
    &AWARD,
    &DECISION,
    &VISIT,
    &VISIT_PERSON,
    &START,
    &OPENING,
];

/// Areas.
pub static AREA: Sheet = Sheet {
    zh: "区划",
    key: "areas",
    help: "街道、社区、网格。上级写在下级之前或之后都可以。",
    columns: &[
        must("区划代码", "code", Kind::Area, "街道 9 位,社区 12 位,网格 15 位"),
        must("名称", "name", Kind::Text(50), "如 东长街社区"),
        may("上级代码", "parent", Kind::Area, "不填则按代码前几位"),
        must("启用日期", "opened_on", Kind::Date, DAY),
        may("撤销日期", "closed_on", Kind::Date, "仍在用则不填"),
    ],
};

/// Residents.
pub static RESIDENT: Sheet = Sheet {
    zh: "居民",
    key: "residents",
    help: "每人一行。证件号码列必须是文本格式。",
    columns: &[
        must("姓名", "name", Kind::Name, "2–50 个字"),
        may("证件类型", "doc_kind", Kind::Code(&c::DOC_KIND), "不填则按身份证;没有证件选“无证件”"),
        may(
            "证件号码",
            "doc_no",
            Kind::Document,
            "18 位身份证号,或护照等证件号;15 位旧号自动换成 18 位",
        ),
        may("临时编号", "temp_no", Kind::Number(30), "没有证件的人必填,以 T 开头"),
        may("性别", "sex", Kind::Code(&c::SEX), "有身份证号可不填"),
        may("出生日期", "birth_on", Kind::Date, "有身份证号可不填"),
        must("区划代码", "area", Kind::Area, "社区 12 位或网格 15 位"),
        may("联系电话", "phone", Kind::Phone, "手机 11 位或带区号的座机"),
        may("民族", "ethnicity", Kind::Code(&c::ETHNICITY), "如 汉"),
        may("婚姻状况", "marital", Kind::Code(&c::MARITAL), ""),
        may("文化程度", "education", Kind::Code(&c::EDUCATION), ""),
        may("居住状态", "residence_status", Kind::Code(&c::RESIDENCE), "不填为人户一致"),
        may("人员状态", "status", Kind::Code(&c::RESIDENT_STATUS), "不填为在册"),
        may("不一致说明", "mismatch", Kind::Text(100), "性别或出生日期确与身份证号不同时填写原因"),
    ],
};

/// Households.
pub static HOUSEHOLD: Sheet = Sheet {
    zh: "户",
    key: "households",
    help: "户籍户、居住户、救助家庭分开登记;户主写在“成员”里(关系 户主)。",
    columns: &[
        must("户类型", "kind", Kind::Code(&c::HOUSEHOLD_KIND), ""),
        must("户号", "household_no", Kind::Number(40), "同一户类型内唯一"),
        must("区划代码", "area", Kind::Area, "社区 12 位或网格 15 位"),
        must("地址", "address", Kind::Text(200), "如 淮海花园9幢2单元301室"),
        must("建户日期", "opened_on", Kind::Date, DAY),
        may("注销日期", "closed_on", Kind::Date, "仍在册则不填"),
        may("注销原因", "close_reason", Kind::Text(50), ""),
    ],
};

/// Memberships.
pub static MEMBER: Sheet = Sheet {
    zh: "成员",
    key: "members",
    help: "谁在哪一户。每个在册的户必须有且只有一名户主。",
    columns: &[
        must("户类型", "kind", Kind::Code(&c::HOUSEHOLD_KIND), ""),
        must("户号", "household_no", Kind::Number(40), "“户”里的户号"),
        must("证件号码", "person", Kind::Person, PERSON),
        must("与户主关系", "relation", Kind::Code(&c::RELATION), "户主填“户主”"),
        may("计入保障", "counted", Kind::Flag, "是/否,不填为是"),
        must("加入日期", "from_on", Kind::Date, DAY),
        may("离开日期", "to_on", Kind::Date, "最后一天;仍在则不填"),
        may("加入原因", "reason_in", Kind::Code(&c::JOIN_REASON), "不填为建户"),
        may("离开原因", "reason_out", Kind::Code(&c::LEAVE_REASON), ""),
        may("计入起始月", "from_month", Kind::Month, "不填为加入当月"),
        may("不再计入月", "to_month", Kind::Month, "第一个不计入的月份"),
        may("知晓日期", "known_on", Kind::Date, "不填为加入日期"),
        may("离开知晓日期", "end_known_on", Kind::Date, "不填为离开日期"),
    ],
};

/// Life events.
pub static EVENT: Sheet = Sheet {
    zh: "事件",
    key: "events",
    help: "已办结的出生、死亡、迁入、迁出等。死亡者的人员状态须为“死亡”。",
    columns: &[
        may("证件号码", "person", Kind::Person, PERSON),
        may("户类型", "household_kind", Kind::Code(&c::HOUSEHOLD_KIND), "分户、并户、户主变更时填"),
        may("户号", "household_no", Kind::Number(40), ""),
        must("事件类型", "kind", Kind::Code(&c::EVENT_KIND), ""),
        must("发生日期", "event_on", Kind::Date, DAY),
        must("申报日期", "reported_on", Kind::Date, DAY),
        may("确认日期", "decided_on", Kind::Date, DAY),
        may("可信度", "confidence", Kind::Code(&c::CONFIDENCE), "不填为已确认"),
        may("原址", "from_area", Kind::Number(60), "区划代码或地名"),
        may("新址", "to_area", Kind::Number(60), "区划代码或地名"),
        may("备注", "note", Kind::Text(200), "不写证件号、电话"),
        may("撤销日期", "annulled_on", Kind::Date, ""),
    ],
};

/// Facts that the rules read.
pub static FACT: Sheet = Sheet {
    zh: "收入与情况",
    key: "facts",
    help: "收入为全年金额(元)。起止月份按审核确认的结果填写。",
    columns: &[
        must("证件号码", "person", Kind::Person, PERSON),
        must("情况类型", "kind", Kind::Code(&c::FACT_KIND), ""),
        may("代码", "code", Kind::Number(40), "收入项目(wage、pension…)、困境儿童类别(C2…)等"),
        may("金额", "amount", Kind::Money, "元;收入为全年"),
        may("健康详情", "detail", Kind::Text(200), "加密保存"),
        must("起始月", "from_month", Kind::Month, MONTH),
        may("终止月", "to_month", Kind::Month, "第一个不再有效的月份"),
        may("发生日期", "event_on", Kind::Date, ""),
        may("申报日期", "reported_on", Kind::Date, ""),
        may("确认日期", "decided_on", Kind::Date, ""),
        must("知晓日期", "known_on", Kind::Date, "审核确认(或登记)的日期"),
        may("更正日期", "annulled_on", Kind::Date, "发现有误的日期"),
        may("文号", "doc_no", Kind::Number(60), ""),
    ],
};

/// Disability certificates.
pub static CERTIFICATE: Sheet = Sheet {
    zh: "残疾人证",
    key: "certificates",
    help: "每证一行,换证另起一行。",
    columns: &[
        must("证件号码", "person", Kind::Person, PERSON),
        must("残疾人证号", "cert_no", Kind::Certificate, "20 位,换证后加 B1、B2"),
        may("残疾类别", "category", Kind::Code(&c::CATEGORY), "不填则按证号"),
        may("残疾等级", "grade", Kind::Code(&c::GRADE), "不填则按证号"),
        may("多重分项", "parts", Kind::Number(60), "多重残疾填,如 41;52 表示肢体一级、智力二级"),
        may("首次办证", "first_issue", Kind::Flag, "是/否,不填为否"),
        must("发证日期", "issued_on", Kind::Date, DAY),
        may("有效期止", "valid_to", Kind::Date, ""),
        must("计发起始月", "from_month", Kind::Month, MONTH),
        must("知晓日期", "known_on", Kind::Date, DAY),
        may("注销日期", "cancelled_on", Kind::Date, ""),
        may("注销知晓日期", "cancel_known_on", Kind::Date, ""),
    ],
};

/// Guardians.
pub static GUARDIAN: Sheet = Sheet {
    zh: "监护人",
    key: "guardians",
    help: "儿童和精神障碍患者的监护人。",
    columns: &[
        must("证件号码", "person", Kind::Person, "被监护人的证件号码或临时编号"),
        may("监护人证件号码", "guardian", Kind::Person, "监护人是本街道居民时填"),
        must("监护人姓名", "name", Kind::Name, ""),
        may("监护人电话", "phone", Kind::Phone, ""),
        must("监护人类型", "kind", Kind::Code(&c::GUARDIAN_KIND), ""),
        must("监护依据", "basis", Kind::Code(&c::GUARDIAN_BASIS), ""),
        must("起始日期", "from_on", Kind::Date, DAY),
        may("终止日期", "to_on", Kind::Date, ""),
    ],
};

/// Payee accounts.
pub static ACCOUNT: Sheet = Sheet {
    zh: "账户",
    key: "accounts",
    help: "领款账户。账号列必须是文本格式。",
    columns: &[
        must("证件号码", "person", Kind::Person, "受益人的证件号码或临时编号"),
        must("开户名", "holder_name", Kind::Name, ""),
        may("开户人证件号码", "holder_doc", Kind::Document, "开户人不是本人时填"),
        must("与受益人关系", "relation", Kind::Code(&c::HOLDER), ""),
        must("开户银行", "bank_name", Kind::Text(60), ""),
        may("联行号", "bank_cnaps", Kind::Number(12), "12 位"),
        must("账号", "account", Kind::Account, "8–30 位数字"),
        must("启用日期", "opened_on", Kind::Date, DAY),
        may("停用日期", "closed_on", Kind::Date, ""),
        may("协议编号", "agreement_no", Kind::Number(40), "开户人不是本人时的代领协议"),
    ],
};

/// Temporary assistance.
pub static TEMP_CASE: Sheet = Sheet {
    zh: "临时救助",
    key: "temp_cases",
    help: "一案一行。",
    columns: &[
        must("案号", "case_no", Kind::Number(40), "唯一"),
        must("证件号码", "person", Kind::Person, "申请人的证件号码或临时编号"),
        may("户号", "household_no", Kind::Number(40), "救助家庭的户号"),
        may("区划代码", "area", Kind::Area, "不填为申请人所在区划"),
        must("救助类型", "kind", Kind::Code(&c::CASE_KIND), ""),
        must("事由", "cause", Kind::Code(&c::CAUSE), ""),
        must("审批层级", "level", Kind::Code(&c::CASE_LEVEL), ""),
        may("家庭类别", "category", Kind::Code(&c::FAMILY), ""),
        may("自付金额", "self_paid", Kind::Money, "元"),
        must("申请金额", "asked", Kind::Money, "元"),
        must("审批金额", "approved", Kind::Money, "元"),
        must("申请日期", "applied_on", Kind::Date, DAY),
        must("审批日期", "decided_on", Kind::Date, DAY),
        may("文号", "doc_no", Kind::Number(60), ""),
    ],
};

/// Awards.
pub static AWARD: Sheet = Sheet {
    zh: "待遇",
    key: "awards",
    help: "谁享受哪个项目。同一项目、同一受益对象只有一行。",
    columns: &[
        must("项目", "program", Kind::Number(40), "项目代码,如 dibao"),
        must("受益对象", "beneficiary", Kind::Code(&c::BENEFICIARY), "个人、家庭或个案"),
        must("证件号码", "person", Kind::Person, "受益人;家庭填申请人"),
        may("户号", "household_no", Kind::Number(40), "救助家庭的户号;受益对象为家庭时必填"),
        may("案号", "case_no", Kind::Number(40), "受益对象为个案时必填"),
        may("享受方式", "mode", Kind::Code(&c::AWARD_MODE), "不填为整户"),
        may("证号", "cert_no", Kind::Number(40), "如低保证号"),
        may("账号", "account", Kind::Account, "“账户”里的账号"),
        may("复核类别", "review_class", Kind::Code(&c::REVIEW_CLASS), ""),
        may("近亲属备案", "near_relative", Kind::Flag, "是/否,不填为否"),
        must("开始日期", "opened_on", Kind::Date, DAY),
    ],
};

/// Decisions on awards.
pub static DECISION: Sheet = Sheet {
    zh: "决定",
    key: "decisions",
    help: "对待遇的决定:确认、停发、撤销停发、渐退。",
    columns: &[
        must("项目", "program", Kind::Number(40), "项目代码"),
        must("受益对象", "beneficiary", Kind::Code(&c::BENEFICIARY), ""),
        may("证件号码", "person", Kind::Person, "受益对象为个人时填"),
        may("户号", "household_no", Kind::Number(40), "受益对象为家庭时填"),
        may("案号", "case_no", Kind::Number(40), "受益对象为个案时填"),
        must("决定类型", "kind", Kind::Code(&c::DECISION_KIND), ""),
        must("起始月", "from_month", Kind::Month, MONTH),
        may("终止月", "to_month", Kind::Month, "第一个不再有效的月份"),
        must("决定日期", "decided_on", Kind::Date, DAY),
        may("申请日期", "applied_on", Kind::Date, ""),
        may("知晓日期", "known_on", Kind::Date, "不填为决定日期"),
        may("金额", "amount", Kind::Money, "决定写明金额时填"),
        may("停发原因", "reason", Kind::Code(&c::STOP_REASON), "停发时填"),
        may("文号", "doc_no", Kind::Number(60), ""),
        may("撤销的停发月", "annuls_month", Kind::Month, "撤销停发时填:该停发的起始月"),
    ],
};

/// Home visits.
pub static VISIT: Sheet = Sheet {
    zh: "走访",
    key: "visits",
    help: "一次走访一行。",
    columns: &[
        must("走访编号", "visit_no", Kind::Number(40), "唯一"),
        may("户类型", "household_kind", Kind::Code(&c::HOUSEHOLD_KIND), "填户号时填,不填为户籍户"),
        may("户号", "household_no", Kind::Number(40), ""),
        must("走访目的", "purpose", Kind::Code(&c::PURPOSE), ""),
        may("计划日期", "planned_on", Kind::Date, ""),
        may("完成日期", "done_on", Kind::Date, ""),
        must("走访人", "worker", Kind::Text(50), ""),
        may("同行人", "co_visitor", Kind::Text(50), "如 精防医生"),
        may("走访结果", "result", Kind::Code(&c::VISIT_RESULT), ""),
        must("走访状态", "status", Kind::Code(&c::VISIT_STATUS), ""),
        may("审核日期", "reviewed_on", Kind::Date, ""),
    ],
};

/// Whom a visit verified.
pub static VISIT_PERSON: Sheet = Sheet {
    zh: "走访人员",
    key: "visit_persons",
    help: "走访核实了谁。",
    columns: &[
        must("走访编号", "visit_no", Kind::Number(40), "“走访”里的编号"),
        must("证件号码", "person", Kind::Person, PERSON),
    ],
};

/// From which month the ledger counts.
pub static START: Sheet = Sheet {
    zh: "启用月份",
    key: "starts",
    help: "每个项目从哪个月起由本系统发放。",
    columns: &[
        must("项目", "program", Kind::Number(40), "项目代码"),
        must("首发月份", "first_month", Kind::Month, MONTH),
    ],
};

/// What was paid for the last closed month before go-live.
pub static OPENING: Sheet = Sheet {
    zh: "期初发放",
    key: "opening",
    help: "启用前最后一个月的发放明细,供上月对比。",
    columns: &[
        must("项目", "program", Kind::Number(40), "项目代码"),
        must("受益对象", "beneficiary", Kind::Code(&c::BENEFICIARY), ""),
        may("证件号码", "person", Kind::Person, "受益对象为个人时填"),
        may("户号", "household_no", Kind::Number(40), "受益对象为家庭时填"),
        may("案号", "case_no", Kind::Number(40), "受益对象为个案时填"),
        must("月份", "month", Kind::Month, MONTH),
        must("金额", "amount", Kind::Money, "实发合计,元"),
        may("保障金", "base", Kind::Money, "不填为金额减分类施保金"),
        may("分类施保金", "supplement", Kind::Money, "不填为 0"),
        may("保障人数", "persons", Kind::Count(50), "不填为 1"),
        may("区划代码", "area", Kind::Area, "不填为受益人所在区划"),
        may("档次", "tier", Kind::Number(40), ""),
    ],
};
