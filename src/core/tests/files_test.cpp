#include "snac/core/files.hpp"

#include <gtest/gtest.h>

#include "snac/core/error.hpp"

namespace snac {
namespace {

TEST(Files, writing_creates_folders_and_leaves_no_temporary_file) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "a" / "b.txt";
  write_file_atomically(path, "one");
  write_file_atomically(path, "two");
  EXPECT_EQ(read_file(path), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path.parent_path()), {}), 1);
}

TEST(Files, a_file_where_a_folder_should_be_is_an_error_that_names_it) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "file", "x");
  try {
    write_file_atomically(folder.path() / "file" / "below", "x");
    FAIL() << "expected an IoError";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find((folder.path() / "file").string()), std::string::npos);
  }
}

TEST(Files, reading_a_missing_file_names_it) {
  try {
    read_file("/nonexistent/file");
    FAIL() << "expected an IoError";
  } catch (const IoError& error) {
    EXPECT_EQ(error.text().where, "/nonexistent/file");
    EXPECT_EQ(error.code(), ExitCode::io);
  }
}

TEST(Files, sha256_matches_the_published_vector) {
  // FIPS 180-4 example: "abc".
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "abc", "abc");
  EXPECT_EQ(sha256_file(folder.path() / "abc"), sha256("abc"));
}

TEST(Files, temporary_directory_goes_with_its_content) {
  std::filesystem::path path;
  {
    const TemporaryDirectory folder;
    path = folder.path();
    write_file_atomically(path / "x" / "y", "z");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace snac
