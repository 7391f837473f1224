// The asynchronous runtime's one compiled copy, for this program.
#include <boost/asio/impl/src.hpp>
