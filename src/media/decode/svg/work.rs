//! How much work drawing an SVG is, judged by pixels × steps × kernel before it begins: drawing cannot be interrupted.

use resvg::tiny_skia::{PathSegment, Transform};
use resvg::usvg::filter::{Filter, Kind};
use resvg::usvg::{ClipPath, Fill, Group, Mask, Node, Paint, Path, Stroke, Tree};

use crate::media::error::MediaError;

/// The most work, in operations on one pixel: a few seconds.
const MAX_WORK: f64 = 1e9;

/// Refuses a drawing that takes too much work at this size, or a pattern whose tile alone exceeds `max_tile` pixels.
pub(super) fn check(tree: &Tree, scale: (f32, f32), size: (u32, u32), max_tile: u64) -> Result<(), MediaError> {
    let canvas = f64::from(size.0) * f64::from(size.1);
    let mut work = Work { sum: 0.0, canvas, max_tile };
    work.group(tree.root(), Transform::from_scale(scale.0, scale.1))
}

struct Work {
    sum: f64,
    /// The pixels of the canvas.
    canvas: f64,
    max_tile: u64,
}

impl Work {
    fn add(&mut self, operations: f64) -> Result<(), MediaError> {
        self.sum += operations;
        if self.sum <= MAX_WORK {
            return Ok(());
        }
        Err(MediaError::over("operations of drawing", whole(self.sum), whole(MAX_WORK)))
    }

    fn children(&mut self, group: &Group, transform: Transform) -> Result<(), MediaError> {
        group.children().iter().try_for_each(|node| self.node(node, transform))
    }

    fn node(&mut self, node: &Node, transform: Transform) -> Result<(), MediaError> {
        match node {
            Node::Group(group) => self.group(group, transform.pre_concat(group.transform())),
            Node::Path(path) => self.path(path, transform),
            // Decoded pixels are counted where the image is read.
            Node::Image(_) => self.add(self.canvas),
            Node::Text(text) => self.group(text.flattened(), transform),
        }
    }

    fn group(&mut self, group: &Group, transform: Transform) -> Result<(), MediaError> {
        self.add(100.0)?;
        self.children(group, transform)?;
        if !group.should_isolate() {
            return Ok(());
        }
        // A layer reaches at most twice the canvas beyond each edge.
        let bounds = group.layer_bounding_box().transform(transform);
        let layer = bounds.map_or(0.0, |area| f64::from(area.width()) * f64::from(area.height()));
        let layer = layer.min(self.canvas * 25.0) + 1.0;
        self.add(layer * 4.0)?;
        for filter in group.filters() {
            self.filter(filter, transform, layer)?;
        }
        if let Some(clip) = group.clip_path() {
            self.clip(clip, transform, layer)?;
        }
        group.mask().map_or(Ok(()), |mask| self.mask(mask, transform, layer))
    }

    fn clip(&mut self, clip: &ClipPath, transform: Transform, layer: f64) -> Result<(), MediaError> {
        self.add(layer * 4.0)?;
        self.group(clip.root(), transform.pre_concat(clip.transform()))?;
        clip.clip_path().map_or(Ok(()), |clip| self.clip(clip, transform, layer))
    }

    fn mask(&mut self, mask: &Mask, transform: Transform, layer: f64) -> Result<(), MediaError> {
        self.add(layer * 8.0)?;
        self.group(mask.root(), transform)?;
        mask.mask().map_or(Ok(()), |mask| self.mask(mask, transform, layer))
    }

    fn filter(&mut self, filter: &Filter, transform: Transform, layer: f64) -> Result<(), MediaError> {
        for primitive in filter.primitives() {
            self.add(layer * (10.0 + self.kernel(primitive.kind(), transform)))?;
            if let Kind::Image(image) = primitive.kind() {
                self.group(image.root(), transform)?;
            }
        }
        Ok(())
    }

    /// Operations per pixel of one filter primitive.
    fn kernel(&self, kind: &Kind, transform: Transform) -> f64 {
        let (across, down) = transform.get_scale();
        match kind {
            Kind::Morphology(it) => {
                let side = |radius: f32, scale: f32| f64::from(radius * scale).mul_add(2.0, 1.0);
                let window = side(it.radius_x().get(), across) * side(it.radius_y().get(), down);
                window.min(self.canvas * 25.0)
            }
            Kind::ConvolveMatrix(it) => 5.0 * f64::from(it.matrix().columns()) * f64::from(it.matrix().rows()),
            Kind::Turbulence(it) => 40.0 * f64::from(it.num_octaves()),
            Kind::GaussianBlur(_) | Kind::DropShadow(_) => 100.0,
            Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 60.0,
            Kind::Merge(it) => 5.0 * count(it.inputs().len()),
            _ => 20.0,
        }
    }

    fn path(&mut self, path: &Path, transform: Transform) -> Result<(), MediaError> {
        let area = path.abs_stroke_bounding_box();
        let (across, down) = transform.get_scale();
        let covered = f64::from(area.width() * across) * f64::from(area.height() * down);
        let outline = Outline::of(path, across.max(down));
        self.add(100.0 + 50.0 * count(path.data().len()) + covered.min(self.canvas))?;
        self.add(outline.edges(f64::from(area.height() * down)))?;
        self.add(500.0 * outline.dashes(path, across.max(down)))?;
        let paints = [path.fill().map(Fill::paint), path.stroke().map(Stroke::paint)];
        paints.into_iter().flatten().try_for_each(|paint| self.paint(paint, transform))
    }

    fn paint(&mut self, paint: &Paint, transform: Transform) -> Result<(), MediaError> {
        let Paint::Pattern(pattern) = paint else { return Ok(()) };
        let (across, down) = transform.pre_concat(pattern.transform()).get_scale();
        let tile = f64::from(pattern.rect().width() * across) * f64::from(pattern.rect().height() * down);
        if tile > self.max_tile as f64 {
            return Err(MediaError::over("pixels of a tile", whole(tile), self.max_tile));
        }
        self.add(tile + 100.0)?;
        self.group(pattern.root(), Transform::from_scale(across, down))
    }
}

/// The lines of a path.
struct Outline {
    lines: f64,
    /// Their length, in pixels.
    length: f64,
}

impl Outline {
    /// Curves count by their control points, which are at least as long.
    fn of(path: &Path, scale: f32) -> Self {
        let (mut lines, mut length) = (0.0, 0.0);
        let mut at = resvg::tiny_skia::Point::zero();
        let mut to = |point: resvg::tiny_skia::Point| {
            length += f64::from((point - at).length() * scale);
            lines += 1.0;
            at = point;
        };
        for segment in path.data().segments() {
            match segment {
                PathSegment::MoveTo(point) | PathSegment::LineTo(point) => to(point),
                PathSegment::QuadTo(one, point) => [one, point].into_iter().for_each(&mut to),
                PathSegment::CubicTo(one, two, point) => [one, two, point].into_iter().for_each(&mut to),
                PathSegment::Close => {}
            }
        }
        Self { lines, length }
    }

    /// Operations of filling: the lines that cross each row are kept in order, and each may pass each other once.
    fn edges(&self, height: f64) -> f64 {
        let crossing = (self.length / height.max(1.0)).min(self.lines);
        self.lines * crossing / 2.0
    }

    /// How many dashes the stroke has. The library draws none if there are more than a million.
    fn dashes(&self, path: &Path, scale: f32) -> f64 {
        let Some(pattern) = path.stroke().and_then(|stroke| stroke.dasharray()) else { return 0.0 };
        let period = f64::from(pattern.iter().sum::<f32>() * scale).max(1e-6);
        (self.length / period * count(pattern.len())).min(1e6)
    }
}

fn count(length: usize) -> f64 {
    length as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that is not negative")]
fn whole(operations: f64) -> u64 {
    operations as u64
}
