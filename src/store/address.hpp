// Addresses of databases: what a user may write, and what may be shown of it. Internal to the module.
#pragma once

#include <optional>
#include <string>

namespace snac::store {

/// "scheme://rest", with a driver's name as SQLAlchemy writes it taken away: "postgresql+psycopg2://" is "postgresql://".
struct Url {
  std::string scheme, rest;
};

/// Nothing if the text is a path.
std::optional<Url> parse_url(const std::string& address);

}  // namespace snac::store
