#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/contract.h"
#include "services/auth/sessions.h"

namespace authx::auth {

/// A session as its owner and administrators see it.
struct SessionItem {
  Uuid id;
  std::string client_id, device, ip_address;
  bool current = false;  ///< the caller's own
  std::string acr;
  Time created_at, last_used_at, expires_at;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SessionItem, (), (id, client_id, device, ip_address, current, acr, created_at, last_used_at, expires_at))

struct SessionList {
  std::vector<SessionItem> items;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SessionList, (), (items))

struct SessionsEnded {
  std::int64_t revoked = 0;
  using is_response = void;
};
BOOST_DESCRIBE_STRUCT(SessionsEnded, (), (revoked))

inline SessionItem item_of(Session s, const std::optional<Uuid>& current) {
  return {s.id,         std::move(s.client_id), std::move(s.device), std::move(s.ip), current == s.id, std::string{http::acr_of(s.aal)},
          s.created_at, s.last_used_at,         s.expires_at};
}

}  // namespace authx::auth
