#include <gtest/gtest.h>
namespace snac::cost { TEST(Rule4ml, x) {} }
