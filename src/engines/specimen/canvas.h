#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "imaging/image.h"

namespace authx::specimen {

struct Color {
  double r = 0;
  double g = 0;
  double b = 0;
  double a = 1;
};

/// A drawing surface over cairo and pango. Pixels; the origin is the top left corner.
class Canvas {
 public:
  Canvas(int width, int height, Color paper);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void rect(double x, double y, double w, double h, Color fill);
  void frame(double x, double y, double w, double h, double line, Color color);
  void ellipse(double cx, double cy, double rx, double ry, Color fill);
  void wave(double y, double amplitude, double period, double phase, double line, Color color);  ///< across the whole width
  /// `font` as pango reads it without a size ("Liberation Sans Bold"). `height` is the font's size in pixels.
  /// Wraps at `wrap` when positive. Returns the laid-out height.
  double text(double x, double y, std::string_view utf8, std::string_view font, double height, Color color, double wrap = 0);
  double text_width(std::string_view utf8, std::string_view font, double height) const;
  /// Each character centred in a cell of `pitch`, as a machine-readable zone is printed.
  void cells(double x, double baseline, std::string_view text, std::string_view font, double height, double pitch, Color color);
  void rotated_text(double cx, double cy, double degrees, std::string_view utf8, std::string_view font, double height, Color color);
  void picture(double x, double y, double w, double h, const imaging::Image& image);  ///< covers the box, cut to its aspect
  imaging::Image image() const;

  /// Whether fontconfig knows the family itself, not a replacement.
  static bool has_font(std::string_view family);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace authx::specimen
