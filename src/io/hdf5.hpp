// The few HDF5 calls that writing files needs, with handles that close themselves. HDF5 is not thread-safe as distributions
// build it, and prints its own errors: hold a Session around all use.
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace shardlm::io::hdf5 {

// One thread at a time, and HDF5's own error messages off.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  H5E_auto2_t print_ = nullptr;
  void* client_ = nullptr;
};

// An identifier and how it is closed. Negative: the call that should have made it failed.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close close) : id_(id), close_(close) {}
  ~Handle() { reset(); }
  Handle(Handle&& other) noexcept : id_(other.id_), close_(other.close_) { other.id_ = -1; }
  Handle& operator=(Handle&&) = delete;
  operator hid_t() const { return id_; }
  bool valid() const { return id_ >= 0; }
  // Whether closing went well; for a file that is being written, this is what says so.
  bool reset() {
    const bool good = id_ < 0 || close_(id_) >= 0;
    id_ = -1;
    return good;
  }

 private:
  hid_t id_;
  Close close_;
};

// Attributes: whole numbers as int64, reals as float64, texts of fixed length, lists of whole numbers. Throw Error.
void write(hid_t object, const char* name, std::int64_t value);
void write(hid_t object, const char* name, const std::string& value);
void write(hid_t object, const char* name, const nlohmann::json& value);

}  // namespace shardlm::io::hdf5
