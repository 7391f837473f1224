#pragma once

#include "engines/specimen/degrade.h"
#include "engines/specimen/people.h"
#include "imaging/image.h"

namespace authx::specimen {

/// Puts a flat card into a picture as people take them: on a desk among papers, books and a keyboard, on cloth, wood or tiles,
/// on a white sheet that hardly differs from it, or held in front of a blurred room; turned by any angle, seen at a slant by a
/// pinhole camera, in uneven light and shade, with up to four fingers over its edges. The whole card is on the picture;
/// fingers hide parts of it. About 1280 x 960 pixels, upright or across.
Captured place_in_scene(const imaging::Image& card, Dice& dice);

/// The same kinds of scenes without a document: what must not be taken for one.
imaging::Image scene_without_document(Dice& dice);

}  // namespace authx::specimen
