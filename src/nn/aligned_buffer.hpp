// A block of floats on a 64-byte boundary, zero at first: the scratch memory of kernels.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace snac::nn {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size)
      : data_(static_cast<float*>(::operator new[](size * sizeof(float) + kAlignment, kBoundary))), size_(size) {
    for (std::size_t i = 0; i < size; ++i) data_[i] = 0.0F;
  }
  float* data() noexcept { return data_.get(); }
  const float* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  float& operator[](std::size_t i) noexcept { return data_[i]; }
  float operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::align_val_t kBoundary{kAlignment};
  struct Free {
    void operator()(float* p) const noexcept { ::operator delete[](p, kBoundary); }
  };
  std::unique_ptr<float[], Free> data_;
  std::size_t size_ = 0;
};

}  // namespace snac::nn
