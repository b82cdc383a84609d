# For images of ports that build with cmake (rp2, esp32):
# USER_C_MODULES=<this repository>/firmware/cmodule/micropython.cmake.
# packaging/cmodule.sh has to have laid out libsodium's sources before.

add_library(usermod_tasuki INTERFACE)

set(TASUKI_INNER
    ${CMAKE_CURRENT_LIST_DIR}/cobs.c
    ${CMAKE_CURRENT_LIST_DIR}/core.c
    ${CMAKE_CURRENT_LIST_DIR}/rings.c
    ${CMAKE_CURRENT_LIST_DIR}/sodium.c
    ${CMAKE_CURRENT_LIST_DIR}/sodium_box.c
)

target_sources(usermod_tasuki INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/module.c
    ${CMAKE_CURRENT_LIST_DIR}/signing.c
    ${CMAKE_CURRENT_LIST_DIR}/sealing.c
    ${CMAKE_CURRENT_LIST_DIR}/buffers.c
    ${CMAKE_CURRENT_LIST_DIR}/emitting.c
    ${CMAKE_CURRENT_LIST_DIR}/framing.c
    ${CMAKE_CURRENT_LIST_DIR}/hashing.c
    ${CMAKE_CURRENT_LIST_DIR}/records.c
    ${TASUKI_INNER}
)

target_include_directories(usermod_tasuki INTERFACE ${CMAKE_CURRENT_LIST_DIR}/../../native/include)

# field arithmetic and hash rounds live in registers only from -O2 on
set_source_files_properties(${TASUKI_INNER} PROPERTIES COMPILE_OPTIONS "-O2")

target_link_libraries(usermod INTERFACE usermod_tasuki)
