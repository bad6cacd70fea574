// A libicudata without data, for gpu-package: the normalization tables that the tokenizer uses are inside libicuuc, and the 30 MB of
// locale data are not needed. The layout is that of ICU's own stubdata: an archive of no items.
#include <unicode/udata.h>
#include <unicode/utypes.h>

struct Archive {
  uint16_t header_size;
  uint8_t magic1, magic2;
  UDataInfo info;
  char padding[8];
  uint32_t count, reserved;
};

U_EXPORT const struct Archive U_ICUDATA_ENTRY_POINT = {
    32, 0xda, 0x27, {sizeof(UDataInfo), 0, U_IS_BIG_ENDIAN, U_CHARSET_FAMILY, sizeof(UChar), 0, {0x43, 0x6d, 0x6e, 0x44}, {1, 0, 0, 0}, {0, 0, 0, 0}},
    {0}, 0, 0};
