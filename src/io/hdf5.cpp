#include "hdf5.hpp"

#include <algorithm>
#include <vector>

#include "shardlm/core/error.hpp"

namespace shardlm::io::hdf5 {
namespace {

constexpr std::size_t kMaxText = 65000;  // what an attribute in an object header may hold

std::mutex& mutex() {
  static std::mutex m;
  return m;
}

void write_attribute(hid_t object, const char* name, hid_t file_type, hid_t memory_type, const Handle& space, const void* data) {
  const Handle attribute(H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  if (!attribute.valid() || H5Awrite(attribute, memory_type, data) < 0) throw Error(std::string("cannot write the attribute ") + name);
}

void write_numbers(hid_t object, const char* name, const std::vector<std::int64_t>& values) {
  const hsize_t n = values.size();
  const Handle space(n == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, nullptr), H5Sclose);
  write_attribute(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, space, values.data());
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

void write(hid_t object, const char* name, std::int64_t value) { write_numbers(object, name, {value}); }

void write(hid_t object, const char* name, const std::string& value) {
  const Handle type(H5Tcopy(H5T_C_S1), H5Tclose);
  if (value.size() > kMaxText || H5Tset_size(type, std::max<std::size_t>(1, value.size())) < 0 || H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)
    throw Error(std::string("cannot write the attribute ") + name);
  H5Tset_cset(type, H5T_CSET_UTF8);
  write_attribute(object, name, type, type, Handle(H5Screate(H5S_SCALAR), H5Sclose), value.c_str());
}

void write(hid_t object, const char* name, const nlohmann::json& value) {
  if (value.is_string()) return write(object, name, value.get<std::string>());
  if (value.is_array()) return write_numbers(object, name, value.get<std::vector<std::int64_t>>());
  if (value.is_number_integer()) return write(object, name, value.get<std::int64_t>());
  const auto real = value.get<double>();
  write_attribute(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, Handle(H5Screate(H5S_SCALAR), H5Sclose), &real);
}

}  // namespace shardlm::io::hdf5
