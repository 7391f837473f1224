#pragma once

#include <string_view>

namespace authx::document::authenticity {

bool same_text(std::string_view a, std::string_view b);
/// Letters and digits only; where one is masked (XXXXXXXX1234) the last four decide.
bool same_number(std::string_view a, std::string_view b);
/// Every word of the shorter name stands in the longer, in any order: with one edit for words of five letters and more, as an
/// initial, or cut short at the end as a machine-readable zone does.
bool same_name(std::string_view a, std::string_view b);
/// X (not stated) contradicts nothing.
bool same_gender(std::string_view a, std::string_view b);

}  // namespace authx::document::authenticity
