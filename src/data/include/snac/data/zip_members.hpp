// Members of a zip archive that holds a model, as bytes.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace snac::data {

/// The named members of the archive. @throws DataError if the file is no complete zip archive, a member is missing, encrypted, damaged,
/// or larger than `max_bytes`.
std::map<std::string, std::string> read_zip_members(const std::string& path, const std::vector<std::string>& names, std::size_t max_bytes);

}  // namespace snac::data
