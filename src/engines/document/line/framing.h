#pragma once

#include "imaging/geometry.h"
#include "imaging/image.h"

namespace authx::document::line {

/// A line's ink with the room around it that the network knows from training, `Model::kHeight` rows high.
struct Framed {
  imaging::Image picture;  ///< empty where there is no line
  imaging::Box from;       ///< the part of the page that it shows
  double scale = 1;        ///< rows of the picture for one of the page
};

/// Cuts the ink at `ink` out of a gray page, turned by half when that is asked. Capitals and digits alone get room for the tails that they
/// lack, so that letters are of one size whatever the line says. `closeness` 1 is the room of training; more than 1 shows the ink larger.
Framed frame_line(const imaging::Image& page, const imaging::Box& ink, bool upside_down, double closeness);

}  // namespace authx::document::line
