// Links one room, and asks it something.
#include <shardlm/ot/oprf.hpp>

int main() {
  shardlm::ot::check_element(shardlm::ot::blind(std::string("input")).element, "a blinded element");
  return 0;
}
