#include "engines/document/mrz_image.h"

namespace authx::document {

std::optional<MrzFromImage> read_mrz(const imaging::Image&, Date, const Deadline&) { return std::nullopt; }

}  // namespace authx::document
