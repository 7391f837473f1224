#include "engines/specimen/canvas.h"

#include <cairo.h>
#include <pango/pangocairo.h>

#include <cmath>
#include <cstring>
#include <numbers>

#include "imaging/geometry.h"

namespace authx::specimen {

struct Canvas::Impl {
  cairo_surface_t* surface = nullptr;
  cairo_t* cr = nullptr;
  int width = 0;
  int height = 0;

  void color(Color c) const { cairo_set_source_rgba(cr, c.r, c.g, c.b, c.a); }

  PangoLayout* layout(std::string_view utf8, std::string_view font, double size, double wrap = 0) const {
    PangoLayout* l = pango_cairo_create_layout(cr);
    PangoFontDescription* d = pango_font_description_from_string(std::string{font}.c_str());
    pango_font_description_set_absolute_size(d, size * PANGO_SCALE);
    pango_layout_set_font_description(l, d);
    pango_font_description_free(d);
    pango_layout_set_text(l, utf8.data(), static_cast<int>(utf8.size()));
    if (wrap > 0) {
      pango_layout_set_width(l, static_cast<int>(wrap * PANGO_SCALE));
      pango_layout_set_wrap(l, PANGO_WRAP_WORD);
    }
    return l;
  }
};

Canvas::Canvas(int width, int height, Color paper) : impl_(std::make_unique<Impl>()) {
  impl_->width = width;
  impl_->height = height;
  impl_->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  impl_->cr = cairo_create(impl_->surface);
  impl_->color(paper);
  cairo_paint(impl_->cr);
}

Canvas::~Canvas() {
  cairo_destroy(impl_->cr);
  cairo_surface_destroy(impl_->surface);
}

void Canvas::rect(double x, double y, double w, double h, Color fill) {
  impl_->color(fill);
  cairo_rectangle(impl_->cr, x, y, w, h);
  cairo_fill(impl_->cr);
}

void Canvas::frame(double x, double y, double w, double h, double line, Color color) {
  impl_->color(color);
  cairo_set_line_width(impl_->cr, line);
  cairo_rectangle(impl_->cr, x, y, w, h);
  cairo_stroke(impl_->cr);
}

void Canvas::ellipse(double cx, double cy, double rx, double ry, Color fill) {
  cairo_save(impl_->cr);
  cairo_translate(impl_->cr, cx, cy);
  cairo_scale(impl_->cr, rx, ry);
  cairo_arc(impl_->cr, 0, 0, 1, 0, 2 * std::numbers::pi);
  cairo_restore(impl_->cr);
  impl_->color(fill);
  cairo_fill(impl_->cr);
}

void Canvas::wave(double y, double amplitude, double period, double phase, double line, Color color) {
  impl_->color(color);
  cairo_set_line_width(impl_->cr, line);
  for (int x = 0; x <= impl_->width; x += 6) {
    const double at = y + amplitude * std::sin(2 * std::numbers::pi * x / period + phase);
    if (x == 0) {
      cairo_move_to(impl_->cr, x, at);
    } else {
      cairo_line_to(impl_->cr, x, at);
    }
  }
  cairo_stroke(impl_->cr);
}

double Canvas::text(double x, double y, std::string_view utf8, std::string_view font, double height, Color color, double wrap) {
  PangoLayout* l = impl_->layout(utf8, font, height, wrap);
  impl_->color(color);
  cairo_move_to(impl_->cr, x, y);
  pango_cairo_show_layout(impl_->cr, l);
  int w = 0;
  int h = 0;
  pango_layout_get_pixel_size(l, &w, &h);
  g_object_unref(l);
  return h;
}

double Canvas::text_width(std::string_view utf8, std::string_view font, double height) const {
  PangoLayout* l = impl_->layout(utf8, font, height);
  int w = 0;
  int h = 0;
  pango_layout_get_pixel_size(l, &w, &h);
  g_object_unref(l);
  return w;
}

void Canvas::cells(double x, double baseline, std::string_view text, std::string_view font, double height, double pitch, Color color) {
  impl_->color(color);
  for (std::size_t i = 0; i < text.size(); ++i) {
    PangoLayout* l = impl_->layout(text.substr(i, 1), font, height);
    PangoRectangle logical;
    pango_layout_get_extents(l, nullptr, &logical);
    const double width = static_cast<double>(logical.width) / PANGO_SCALE;
    const double rise = static_cast<double>(pango_layout_get_baseline(l)) / PANGO_SCALE;
    cairo_move_to(impl_->cr, x + pitch * (static_cast<double>(i) + 0.5) - width / 2, baseline - rise);
    pango_cairo_show_layout(impl_->cr, l);
    g_object_unref(l);
  }
}

void Canvas::rotated_text(double cx, double cy, double degrees, std::string_view utf8, std::string_view font, double height, Color color) {
  PangoLayout* l = impl_->layout(utf8, font, height);
  int w = 0;
  int h = 0;
  pango_layout_get_pixel_size(l, &w, &h);
  cairo_save(impl_->cr);
  cairo_translate(impl_->cr, cx, cy);
  cairo_rotate(impl_->cr, degrees * std::numbers::pi / 180);
  cairo_move_to(impl_->cr, -w / 2.0, -h / 2.0);
  impl_->color(color);
  pango_cairo_show_layout(impl_->cr, l);
  cairo_restore(impl_->cr);
  g_object_unref(l);
}

void Canvas::picture(double x, double y, double w, double h, const imaging::Image& image) {
  // Cover the box: cut the longer dimension evenly.
  imaging::Box part{0, 0, image.width, image.height};
  if (image.width * h > image.height * w) {
    part.width = std::max(1, static_cast<int>(image.height * w / h));
    part.x = (image.width - part.width) / 2;
  } else {
    part.height = std::max(1, static_cast<int>(image.width * h / w));
    part.y = (image.height - part.height) / 2;
  }
  const imaging::Image scaled = imaging::to_bgr(imaging::resize(imaging::crop(image, part), static_cast<int>(w), static_cast<int>(h)));
  cairo_surface_flush(impl_->surface);
  unsigned char* data = cairo_image_surface_get_data(impl_->surface);
  const int stride = cairo_image_surface_get_stride(impl_->surface);
  for (int row = 0; row < scaled.height; ++row) {
    const int to_y = static_cast<int>(y) + row;
    if (to_y < 0 || to_y >= impl_->height) continue;
    for (int col = 0; col < scaled.width; ++col) {
      const int to_x = static_cast<int>(x) + col;
      if (to_x < 0 || to_x >= impl_->width) continue;
      std::memcpy(data + static_cast<std::ptrdiff_t>(to_y) * stride + static_cast<std::ptrdiff_t>(to_x) * 4, scaled.row(row) + col * 3, 3);
    }
  }
  cairo_surface_mark_dirty(impl_->surface);
}

imaging::Image Canvas::image() const {
  cairo_surface_flush(impl_->surface);
  const unsigned char* data = cairo_image_surface_get_data(impl_->surface);
  const int stride = cairo_image_surface_get_stride(impl_->surface);
  imaging::Image out(impl_->width, impl_->height, 3);
  for (int y = 0; y < out.height; ++y) {
    const unsigned char* from = data + static_cast<std::ptrdiff_t>(y) * stride;
    std::uint8_t* to = out.row(y);
    for (int x = 0; x < out.width; ++x) std::memcpy(to + x * 3, from + x * 4, 3);  // little endian: B, G, R, unused
  }
  return out;
}

bool Canvas::has_font(std::string_view family) {
  PangoFontMap* map = pango_cairo_font_map_get_default();
  PangoFontFamily** families = nullptr;
  int count = 0;
  pango_font_map_list_families(map, &families, &count);
  bool found = false;
  for (int i = 0; i < count && !found; ++i) found = family == pango_font_family_get_name(families[i]);
  g_free(families);
  return found;
}

}  // namespace authx::specimen
