#include "hdf5.hpp"

#include <algorithm>

#include "shardlm/core/error.hpp"

namespace shardlm::io::hdf5 {
namespace {

constexpr std::size_t kMaxText = 65000;  // what an attribute in an object header may hold
constexpr hssize_t kMaxNumbers = 1024;

std::mutex& mutex() {
  static std::mutex m;
  return m;
}

void write_attribute(hid_t object, const char* name, hid_t file_type, hid_t memory_type, const Handle& space, const void* data) {
  const Handle attribute(H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid() || H5Awrite(attribute, memory_type, data) < 0)
    throw Error(std::string("cannot write the attribute ") + name + " of a model file");
}

Handle open_attribute(hid_t object, const char* name) {
  return Handle(H5Aexists(object, name) > 0 ? H5Aopen(object, name, H5P_DEFAULT) : -1, H5Aclose);
}

// Numbers of one class; any length up to kMaxNumbers.
template <class T>
bool read_numbers(hid_t object, const char* name, H5T_class_t kind, hid_t memory_type, std::vector<T>& values) {
  const Handle attribute = open_attribute(object, name);
  if (!attribute.valid()) return false;
  const Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
  if (!type.valid() || !space.valid() || H5Tget_class(type) != kind || H5Tget_size(type) > sizeof(T)) return false;
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  if (n < 1 || n > kMaxNumbers) return false;
  values.resize(n);
  return H5Aread(attribute, memory_type, values.data()) >= 0;
}

template <class T>
bool read_one(hid_t object, const char* name, H5T_class_t kind, hid_t memory_type, T& value) {
  std::vector<T> values;
  if (!read_numbers(object, name, kind, memory_type, values) || values.size() != 1) return false;
  value = values[0];
  return true;
}

}  // namespace

Session::Session() : lock_(mutex()) {
  // Files are closed here, not at exit: there HDF5 1.10 crashes over one whose closing failed on a full disk.
  static const herr_t left_alone = H5dont_atexit();
  static_cast<void>(left_alone);
  H5Eget_auto2(H5E_DEFAULT, &print_, &client_);
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

Session::~Session() { H5Eset_auto2(H5E_DEFAULT, print_, client_); }

void write(hid_t object, const char* name, std::int64_t value) { write(object, name, std::vector<std::int64_t>{value}); }

void write(hid_t object, const char* name, double value) {
  write_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, Handle(H5Screate(H5S_SCALAR), H5Sclose), &value);
}

void write(hid_t object, const char* name, const std::string& value) {
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (value.size() > kMaxText || H5Tset_size(type, std::max<std::size_t>(1, value.size())) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
    throw Error(std::string("cannot write the attribute ") + name + " of a model file");
  H5Tset_cset(type, H5T_CSET_UTF8);
  write_attribute(object, name, type, type, Handle(H5Screate(H5S_SCALAR), H5Sclose), value.c_str());
}

void write(hid_t object, const char* name, const std::vector<std::int64_t>& values) {
  const hsize_t n = values.size();
  const Handle space(n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, nullptr), H5Sclose);
  write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, space, values.data());
}

bool read(hid_t object, const char* name, std::int64_t& value) { return read_one(object, name, H5T_INTEGER, H5T_NATIVE_INT64, value); }
bool read(hid_t object, const char* name, double& value) { return read_one(object, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, value); }

bool read(hid_t object, const char* name, std::string& value) {
  const Handle attribute = open_attribute(object, name);
  if (!attribute.valid()) return false;
  const Handle type(H5Aget_type(attribute), H5Tclose), space(H5Aget_space(attribute), H5Sclose);
  if (!type.valid() || !space.valid() || H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) != 0) return false;
  const std::size_t size = H5Tget_size(type);
  if (H5Sget_simple_extent_npoints(space) != 1 || size > kMaxText) return false;
  value.assign(size, '\0');
  if (H5Aread(attribute, type, &value[0]) < 0) return false;
  value.resize(std::min(value.size(), value.find('\0')));
  return true;
}

bool read(hid_t object, const char* name, std::vector<std::int64_t>& values) {
  return read_numbers(object, name, H5T_INTEGER, H5T_NATIVE_INT64, values);
}

}  // namespace shardlm::io::hdf5
