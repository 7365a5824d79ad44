//! A photo as it comes from a camera, made into a picture that says nothing but
//! what it shows: read by its content, within limits, turned upright, made
//! smaller and written anew without place, time or device (SEC-099).

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use crate::error::{AppError, AppResult, Refusal};

/// Largest file in bytes.
pub const MAX_BYTES: usize = 10 * 1024 * 1024;
/// Most pixels; looked at before anything is decoded.
const MAX_PIXELS: u64 = 4096 * 4096;
/// Most bytes that a decoder may ask for.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;
/// Longer side of what is kept, in pixels.
const SIDE: u32 = 1600;
/// Of the JPEG, in per cent.
const QUALITY: u8 = 80;

/// A picture to keep.
#[derive(Debug)]
pub struct Picture {
    /// As JPEG, without metadata.
    pub jpeg: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

fn refused(zh: impl Into<String>, en: impl Into<String>) -> AppError {
    AppError::refuse(Refusal::field("photo", zh, en))
}

fn broken() -> AppError {
    refused(
        "照片已损坏,无法打开。请重新拍摄或另选一张。",
        "The photo is broken and cannot be opened. Take or choose another one.",
    )
}

/// Reads a photo. Takes a second of a processor: never on a thread that others
/// wait for.
///
/// # Errors
/// Too large, no picture, too many pixels, broken: at the field `photo`.
pub fn read(bytes: &[u8]) -> AppResult<Picture> {
    if bytes.len() > MAX_BYTES {
        return Err(refused(
            "照片超过 10 MB。请在相机设置中选小一些的尺寸。",
            "The photo is over 10 MB. Choose a smaller size in the camera's settings.",
        ));
    }
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| broken())?;
    if !matches!(reader.format(), Some(ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) {
        return Err(refused(
            "照片必须是 JPEG、PNG 或 WebP 图片;文件名不算数。",
            "The photo must be a JPEG, PNG or WebP picture, whatever its name says.",
        ));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().map_err(|_| broken())?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(refused(
            format!("照片有 {width}×{height} 像素,太大。请选不超过 1600 万像素的照片。"),
            format!("The photo has {width}×{height} pixels. Choose one of at most 16 megapixels."),
        ));
    }
    decoder.set_limits(limits).map_err(|_| broken())?;
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| broken())?;
    if width.max(height) > SIDE {
        image = image.resize(SIDE, SIDE, FilterType::Triangle);
    }
    image.apply_orientation(turn);
    let plain = on_white(image);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&plain).map_err(|_| broken())?;
    Ok(Picture { jpeg, width: plain.width(), height: plain.height() })
}

/// What is transparent becomes white, as paper is.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let seen = image.into_rgba8();
    let mut plain = RgbImage::new(seen.width(), seen.height());
    for (to, from) in plain.pixels_mut().zip(seen.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let alpha = u32::from(alpha);
        let mix =
            |c: u8| u8::try_from((u32::from(c) * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255);
        *to = Rgb([mix(red), mix(green), mix(blue)]);
    }
    plain
}
