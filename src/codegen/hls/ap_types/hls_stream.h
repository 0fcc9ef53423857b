// hls::stream<T>: a queue. Subset of UG1399 for C simulation on a machine without vendor tools, see snac_ap_base.h.
#ifndef SNAC_HLS_STREAM_H
#define SNAC_HLS_STREAM_H

#include <deque>
#include <stdexcept>
#include <string>

namespace hls {

template <class T>
class stream {
 public:
  stream() {}
  explicit stream(const char* name) : name_(name) {}
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;

  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }
  void write(const T& value) { values_.push_back(value); }
  T read() {
    if (values_.empty()) throw std::runtime_error("read of the empty stream '" + name_ + "'");
    const T value = values_.front();
    values_.pop_front();
    return value;
  }
  void read(T& value) { value = read(); }
  stream& operator<<(const T& value) {
    write(value);
    return *this;
  }
  stream& operator>>(T& value) {
    read(value);
    return *this;
  }

 private:
  std::string name_;
  std::deque<T> values_;
};

}  // namespace hls

#endif
