// Asio's TLS and Beast are compiled once, here.
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
