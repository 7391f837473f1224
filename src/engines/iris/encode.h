#pragma once

#include "engines/iris/sheet.h"
#include "engines/iris/template.h"

namespace authx::iris {

/// Phase of the sheet's texture along the angle by Gabor filters of wavelengths 12, 18 and 27 columns (of 512), smoothed
/// across rows. Hidden places count as the mean of their row and are masked where they make up more than 30 % of a filter.
Code encode(const Sheet& sheet);

}  // namespace authx::iris
