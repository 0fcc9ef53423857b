// A block of numbers on a 64-byte boundary, zero at first: the scratch memory of kernels.
#pragma once

#include <cstddef>
#include <memory>
#include <new>

namespace snac::nn {

template <class T>
class AlignedArray {
 public:
  AlignedArray() = default;
  explicit AlignedArray(std::size_t size)
      : data_(static_cast<T*>(::operator new[](size * sizeof(T) + kAlignment, kBoundary))), size_(size) {
    for (std::size_t i = 0; i < size; ++i) data_[i] = T{};
  }
  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  std::size_t size() const noexcept { return size_; }
  T& operator[](std::size_t i) noexcept { return data_[i]; }
  T operator[](std::size_t i) const noexcept { return data_[i]; }

 private:
  static constexpr std::size_t kAlignment = 64;
  static constexpr std::align_val_t kBoundary{kAlignment};
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete[](p, kBoundary); }
  };
  std::unique_ptr<T[], Free> data_;
  std::size_t size_ = 0;
};

using AlignedBuffer = AlignedArray<float>;

}  // namespace snac::nn
