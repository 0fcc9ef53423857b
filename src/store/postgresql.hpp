// Internal to the module: see open().
#pragma once

#include <memory>
#include <string>

#include "snac/store/store.hpp"

namespace snac::store {

/// @param address  "postgresql://..."
std::unique_ptr<Store> open_postgresql(const std::string& address, const OpenOptions& options);

}  // namespace snac::store
