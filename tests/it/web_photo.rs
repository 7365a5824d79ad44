//! Photos of a visit: taken by content and within limits, kept without place
//! or device, sealed, and shown in scope only.

use actix_web::http::Method;
use actix_web::test::init_service;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageEncoder, Rgb, RgbImage, RgbaImage};
use mingce::domain::ids::{ResidentId, lettered};
use mingce::domain::role::{Rights, Role};
use mingce::domain::visit::{Purpose, VisitResult, VisitStatus};
use mingce::services::Actor;
use mingce::services::access::Profile;
use mingce::services::auth::{EditRegistry, ViewRegistry};
use mingce::services::visit::{self, VisitInput, photo};
use mingce::services::{keys, view_log};
use mingce::store::{dump, visit_photo};

use crate::harness::http::{Answer, Browser, add_user, open_session, run, state};
use crate::harness::{STREET, TestRegistry};
use crate::on_both;
use crate::registry_office::{EAST, Office, WEST, code, day};
use crate::web_import::token;

/// Left half red, right half blue.
fn two_halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) }
    })
}

fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 90).encode_image(image).expect("a JPEG");
    bytes
}

/// What a camera writes beside the picture: held upright (orientation 6), and
/// where and when it was.
fn with_place(jpeg: &[u8]) -> Vec<u8> {
    let mut tiff: Vec<u8> = b"II*\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value].concat()
    };
    tiff.extend(2u16.to_le_bytes());
    tiff.extend(entry(0x0112, 3, 1, [6, 0, 0, 0]));
    tiff.extend(entry(0x8825, 4, 1, 38u32.to_le_bytes()));
    tiff.extend([0; 4]);
    tiff.extend(2u16.to_le_bytes());
    tiff.extend(entry(0x0001, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(0x001d, 2, 11, 68u32.to_le_bytes()));
    tiff.extend([0; 4]);
    tiff.extend(b"2023:11:01\0");
    let length = u16::try_from(tiff.len() + 8).expect("short").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|window| window == what)
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 }
        })
    })
}

/// A few bytes that say they are 60,000 × 60,000 pixels.
fn bomb() -> Vec<u8> {
    let mut png = Vec::new();
    PngEncoder::new(&mut png)
        .write_image(&[0; 64], 8, 8, image::ExtendedColorType::L8)
        .expect("a PNG");
    for at in [16, 20] {
        png[at..at + 4].copy_from_slice(&60_000u32.to_be_bytes());
    }
    let sum = crc(&png[12..29]).to_be_bytes();
    png[29..33].copy_from_slice(&sum);
    png
}

fn upload(token: &str, name: &str, file: &[u8]) -> Vec<u8> {
    let head = format!(
        "--xx\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{token}\r\n--xx\r\n\
         Content-Disposition: form-data; name=\"photo\"; filename=\"{name}\"\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--xx--\r\n"].concat()
}

fn visit_to(
    registry: &TestRegistry,
    office: &Office<'_>,
    person: ResidentId,
    purpose: Purpose,
    result: Option<VisitResult>,
) -> i64 {
    let input = VisitInput {
        visit_no: lettered('V', registry.store.next_id()),
        household: None,
        persons: vec![person],
        purpose,
        planned_on: Some(day("2023-10-01")),
        done_on: result.map(|_| day("2023-10-01")),
        worker: "甲".to_owned(),
        co_visitor: None,
        result,
        status: if result.is_some() { VisitStatus::Done } else { VisitStatus::Planned },
        reviewed_on: None,
        changed: Vec::new(),
        next_on: None,
        comes_again: false,
    };
    visit::add(&registry.store, &office.may::<EditRegistry>(), &input).expect("a visit")
}

on_both! {
    fn a_photo_says_nothing_but_what_it_shows(registry) {
        let office = Office::new(registry);
        let person = office.person("张三", "1949-01-01", 1);
        let id = visit_to(registry, &office, person, Purpose::Population, Some(VisitResult::Met));
        let (edit, view) = (office.may::<EditRegistry>(), office.may::<ViewRegistry>());
        let rights = Rights::default();
        let add = |bytes: &[u8]| photo::add_photo(&registry.store, &edit, rights, id, bytes);
        let camera = with_place(&jpeg(&two_halves(64, 32)));
        assert!(holds(&camera, b"Exif") && holds(&camera, b"2023:11:01"));
        let first = add(&camera).expect("a photo");
        let shown = photo::load_photo(&registry.store, &view, rights, (id, first)).expect("the picture");
        assert!(!holds(&shown, b"Exif") && !holds(&shown, b"2023:11:01") && !holds(&shown, b"GPS"));
        let picture = image::load_from_memory(&shown).expect("a JPEG").into_rgb8();
        // Turned by a quarter: what was left is above.
        assert_eq!(picture.dimensions(), (32, 64));
        assert!(picture.get_pixel(16, 8).0[0] > 200 && picture.get_pixel(16, 56).0[2] > 200);
        // The same once more is the same; a large one becomes smaller, white where nothing is.
        assert_eq!(add(&camera).expect("known"), first);
        let mut png = Vec::new();
        DynamicImage::from(two_halves(2400, 1200)).write_with_encoder(PngEncoder::new(&mut png)).expect("a PNG");
        let second = add(&png).expect("a large photo");
        let large = photo::load_photo(&registry.store, &view, rights, (id, second)).expect("the picture");
        assert_eq!(image::load_from_memory(&large).expect("a JPEG").into_rgb8().dimensions(), (1600, 800));
        let mut webp = Vec::new();
        WebPEncoder::new_lossless(&mut webp)
            .write_image(RgbaImage::new(20, 10).as_raw(), 20, 10, image::ExtendedColorType::Rgba8).expect("a WebP");
        let third = add(&webp).expect("a WebP");
        let clear = photo::load_photo(&registry.store, &view, rights, (id, third)).expect("the picture");
        assert!(image::load_from_memory(&clear).expect("a JPEG").into_rgb8().get_pixel(5, 5).0[1] > 250);
        assert_eq!(code(add(&jpeg(&two_halves(8, 8)))), mingce::error::ErrorCode::InvalidInput, "a fourth");
        // Sealed, bound to its row, with a new key too.
        let stored = |photo| registry.store.read(|conn| Ok(visit_photo::find_photo(conn, STREET, id, photo)?))
            .expect("read").expect("a photo");
        assert!(!holds(&stored(first), &shown[..16]));
        assert!(registry.store.cipher().open(visit_photo::PHOTO, second, &stored(first)).is_err());
        let before = stored(first);
        let operator = Actor::operator("test", STREET);
        let by = operator.authorize().expect("an operator may");
        keys::rotate(&registry.store, &by, &registry.config.key_file, &mut |_| {}).expect("rotated");
        assert_ne!(stored(first), before);
        assert_eq!(photo::load_photo(&registry.store, &view, rights, (id, first)).expect("again"), shown);
        assert!(view_log::flush(&registry.store).expect("written") >= 4, "every look is noted");
    }

    fn what_is_no_photo_is_refused_with_its_reason(registry) {
        let office = Office::new(registry);
        let person = office.person("张三", "1949-01-01", 1);
        let id = visit_to(registry, &office, person, Purpose::Population, Some(VisitResult::Met));
        let planned = visit_to(registry, &office, person, Purpose::Safety, None);
        let state = state(registry, Profile::Demo);
        add_user(registry, "worker", Role::Supervisor);
        add_user(registry, "reader", Role::Auditor);
        let mut browser = Browser::with_session(&open_session(registry, "worker", Profile::Demo).0);
        let mut reader = Browser::with_session(&open_session(registry, "reader", Profile::Demo).0);
        let (page, photos) = (format!("/visits/{id}"), format!("/visits/{id}/photos"));
        let kind = "multipart/form-data; boundary=xx";
        run(async {
            let app = init_service(mingce::app!(&state)).await;
            let open: Answer = browser.get(&app, &page).await;
            assert!(open.status == 200 && open.body.contains("张三"), "{}", open.body);
            let long = vec![0xff; 10 * 1024 * 1024 + 1];
            let wrong: [(&str, &[u8], &str); 6] = [
                ("a.jpg", b"Not a picture, whatever its name says.", "必须是 JPEG"),
                ("a.jpg", b"", "必须是 JPEG"),
                ("a.gif", b"GIF89a\x01\0\x01\0\0\0\0;", "必须是 JPEG"),
                ("bomb.png", &bomb(), "60000×60000"),
                ("half.jpg", &jpeg(&two_halves(64, 64))[..40], "已损坏"),
                ("long.jpg", &long, "超过 10 MB"),
            ];
            for (name, file, said) in wrong {
                let body = upload(&token(&open), name, file);
                let again = browser.send(&app, Method::POST, &photos, kind, body).await;
                assert!(again.status == 422 && again.body.contains("photo-error"), "{name}: {} {}", again.status, again.body);
                assert!(again.body.contains(said), "{name}: {}", again.body);
            }
            let body = upload(&token(&open), "a.jpg", &jpeg(&two_halves(8, 8)));
            let early = browser.send(&app, Method::POST, &format!("/visits/{planned}/photos"), kind, body.clone()).await;
            assert!(early.status == 422 || early.status == 409, "not visited yet: {}", early.status);
            let forged = upload("x.y", "a.jpg", &jpeg(&two_halves(8, 8)));
            assert_eq!(browser.send(&app, Method::POST, &photos, kind, forged).await.status, 403);
            let count = registry.store.read(|conn| Ok(dump::count(conn, "visit_photo")?)).expect("read");
            assert_eq!(count, 0, "nothing half-saved");
            // A good one: shown on the page, by a route of its own, kept by nobody on the way.
            let made = browser.send(&app, Method::POST, &photos, kind, body).await;
            assert_eq!((made.status, made.header("location")), (303, page.as_str()), "{}", made.body);
            let shown = browser.get(&app, &page).await;
            let source = shown.body.split("<img src=\"").nth(1).and_then(|rest| rest.split('"').next());
            let source = source.expect("a picture").to_owned();
            let picture = browser.get(&app, &source).await;
            assert_eq!((picture.status, picture.header("content-type")), (200, "image/jpeg"));
            assert_eq!(picture.header("cache-control"), "no-store");
            // Whoever reads masked records sees the visit without its photos.
            let masked = reader.get(&app, &page).await;
            assert!(masked.status == 200 && !masked.body.contains("<img") && !masked.body.contains("张三"), "{}", masked.body);
            assert_eq!(reader.get(&app, &source).await.status, 404);
            let other = source.replace(&format!("/visits/{id}/"), &format!("/visits/{planned}/"));
            assert_eq!(browser.get(&app, &other).await.status, 404, "of another visit");
            let removed = browser.submit(&app, &page, &format!("{source}/remove"), "").await;
            assert_eq!(removed.status, 303, "{}", removed.body);
            assert_eq!(browser.get(&app, &source).await.status, 404);
        });
    }

    fn a_photo_is_seen_in_its_area_and_with_the_right_of_its_purpose(registry) {
        let office = Office::new(registry);
        let person = office.person("张三", "1949-01-01", 1);
        let here = visit_to(registry, &office, person, Purpose::Population, Some(VisitResult::Met));
        let ill = visit_to(registry, &office, person, Purpose::Mental, Some(VisitResult::Met));
        let mental = Rights { mental: true, ..Rights::default() };
        let small = jpeg(&two_halves(8, 8));
        let by = office.may::<EditRegistry>();
        let one = photo::add_photo(&registry.store, &by, Rights::default(), here, &small).expect("a photo");
        let none = mingce::error::ErrorCode::NotFound;
        assert_eq!(code(photo::add_photo(&registry.store, &by, Rights::default(), ill, &small)), none);
        let two = photo::add_photo(&registry.store, &by, mental, ill, &small).expect("a photo");
        let near = office.in_area(Role::Grid, &[EAST]);
        let far = office.in_area(Role::Grid, &[WEST]);
        let look = |actor: &Actor, rights, at| {
            photo::load_photo(&registry.store, &actor.authorize().expect("may look"), rights, at)
        };
        assert!(look(&near, Rights::default(), (here, one)).is_ok());
        assert_eq!(code(look(&far, Rights::default(), (here, one))), none);
        assert_eq!(code(look(&near, Rights::default(), (ill, two))), none);
        assert!(look(&near, mental, (ill, two)).is_ok());
        let edit = far.authorize::<EditRegistry>().expect("may edit");
        assert_eq!(code(photo::remove_photo(&registry.store, &edit, mental, (here, one))), none);
    }
}
