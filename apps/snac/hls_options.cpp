#include "commands.hpp"

namespace snac::app {

void HlsOptions::add_to(CLI::App& command, const char* help) {
  const CLI::OptionDefaults before = *command.option_defaults();
  command.option_defaults()->group("HLS project");
  CLI::Option* flag = command.add_flag("--hls", wanted, help);
  command.add_option("--hls-interface", interface, "How vectors come and go")->check(CLI::IsMember({"parallel", "stream"}))->needs(flag);
  command.add_option("--hls-strategy", strategy, "A multiplier per weight, or shared ones")
      ->check(CLI::IsMember({"latency", "resource"}))
      ->needs(flag);
  command.add_option("--hls-reuse-factor", reuse_factor, "With --hls-strategy resource")->check(CLI::Range(1, 1000000))->needs(flag);
  command.add_option("--hls-include", include, "Folder of the vendor's ap_fixed.h; without it headers of our own")
      ->needs(flag)
      ->type_name(kFolder);
  *command.option_defaults() = before;
}

flow::HlsJob HlsOptions::job(const std::string& device, double clock_ns) const {
  const flow::HlsConfig config{.interface = interface == "stream" ? codegen::HlsInterface::stream : codegen::HlsInterface::parallel,
                               .strategy = strategy == "resource" ? codegen::HlsStrategy::resource : codegen::HlsStrategy::latency,
                               .reuse_factor = reuse_factor,
                               .include = include};
  return flow::hls_job(config, device, clock_ns);
}

}  // namespace snac::app
