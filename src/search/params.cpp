#include <fmt/format.h>

#include "snac/search/nsga2.hpp"

namespace snac::search {
namespace {

constexpr int kSmallestPopulation = 4;  // two tournaments of two

void require(bool valid, const char* field, const std::string& found, const char* expected, const char* hint = "") {
  if (!valid) {
    throw ConfigError("a search parameter is out of range",
                      {.where = std::string("search: ") + field, .found = found, .expected = expected, .hint = hint});
  }
}

void require_probability(const char* field, double value) {
  require(value >= 0 && value <= 1, field, fmt::format("{}", value), "number from 0 to 1");  // false for NaN
}

}  // namespace

void Nsga2Params::validate() const {
  require(population >= kSmallestPopulation, "population", std::to_string(population), "integer >= 4");
  require(evaluations >= population, "evaluations", fmt::format("{} with a population of {}", evaluations, population),
          "at least one whole population", "raise the number of evaluations or lower the population");
  require_probability("crossover_prob", crossover_prob);
  require_probability("swap_prob", swap_prob);
  require_probability("mutation_prob", mutation_prob);
}

void describe_sampler(Fields& fields, Nsga2Params& params) {
  fields.integer("population", params.population, {.min = kSmallestPopulation}, "Candidates per generation");
  fields.real("crossover_prob", params.crossover_prob, {.min = 0, .max = 1},
              "Chance that a child mixes two parents; else it copies one and is mutated");
  fields.real("swap_prob", params.swap_prob, {.min = 0, .max = 1}, "Uniform crossover: chance of taking a gene from the second parent");
  fields.real("mutation_prob", params.mutation_prob, {.min = 0, .max = 1}, "Chance of mutation per gene; 0 = 1 / number of genes");
}

void describe(Fields& fields, Nsga2Params& params) {
  fields.integer("evaluations", params.evaluations, {.min = kSmallestPopulation}, "Distinct candidates evaluated in all");
  fields.integer("seed", params.seed, {.min = 0}, "Same seed, same sequence of candidates");
  describe_sampler(fields, params);
}

}  // namespace snac::search
