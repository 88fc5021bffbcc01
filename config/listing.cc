// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#include "config/listing.h"

#include <algorithm>

#include "config/schema.h"

namespace ikelb::config {
namespace {

const Word* standing_word(const Key& key, const void* map) {
    const auto word =
        std::ranges::find_if(key.words, [map](const Word& one) { return one.stands(map); });
    return word == key.words.end() ? nullptr : &*word;
}

/// The listing shows the word of a map that always has one, besides the map's items.
bool is_always_a_word(const Key& key) {
    return key.words.size() > 1;
}

bool is_turned_off(const Key& key, const void* map) {
    return !is_always_a_word(key) && standing_word(key, map) != nullptr;
}

void list_map(const Key& map, const void* object, const std::string& path,
              std::vector<ListedMap>& maps);

std::vector<ListedValue> values_in(const Key& map, const void* object) {
    std::vector<ListedValue> values;
    for (const Key& key : map.keys) {
        const void* value = key.value_in(object);
        if (is_always_a_word(key))
            values.push_back({.key = &key, .text = std::string{standing_word(key, value)->name}});
        else if (key.form != Form::map && key.form != Form::list_of_maps)
            values.push_back({.key = &key, .text = key.type->print(key, value)});
    }
    return values;
}

void list_inner(const Key& map, const void* object, const std::string& path,
                std::vector<ListedMap>& maps) {
    for (const Key& key : map.keys) {
        const void* value = key.value_in(object);
        const std::string place = (path.empty() ? "" : path + ".") + std::string{key.name()};
        if (key.form == Form::map && !is_turned_off(key, value) &&
            (key.listed == Listed::always || !key.type->is_default(value)))
            list_map(key, value, place, maps);
        if (key.form != Form::list_of_maps) continue;
        for (std::size_t i = 0; i < key.type->size(value); ++i) {
            const void* item = key.type->item(value, i);
            list_map(key, item, place + "[" + key.type->label(item) + "]", maps);
        }
    }
}

void list_map(const Key& map, const void* object, const std::string& path,
              std::vector<ListedMap>& maps) {
    if (auto values = values_in(map, object); !values.empty())
        maps.push_back(
            {.path = path, .key = path.empty() ? nullptr : &map, .values = std::move(values)});
    list_inner(map, object, path, maps);
}

}  // namespace

std::vector<ListedMap> list_values(const Config& config) {
    std::vector<ListedMap> maps;
    list_map(schema(), &config, "", maps);
    return maps;
}

}  // namespace ikelb::config
