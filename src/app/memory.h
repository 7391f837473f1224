#pragma once

namespace authx::app {

/// Gives back what starting needed and serving does not: free pages of the heap, and the read-only pages of the libraries that only the
/// dynamic linker and constructors have touched. A page that is needed after all comes back from the page cache by itself.
void give_back_start_up_memory() noexcept;

}  // namespace authx::app
