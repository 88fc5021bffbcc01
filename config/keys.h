// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The ikelb authors
#pragma once

// Turns a struct's rows into its part of the tree. Only schema.cc includes this file.

#include <utility>

#include "config/key.h"
#include "config/value_type.h"

namespace ikelb::config {

template <class Struct>
class Keys {
    /// The row just added: sets the fields that few rows have.
    struct Added {
        Key& key;

        /// A word that may stand for the map; the word sets `member` to true.
        template <class Map>
        Added& word(std::string_view name, bool Map::*member, bool value = true) {
            key.words.push_back(
                {.name = name,
                 .write = [=](void* map) { as<Map>(map).*member = value; },
                 .stands = [=](const void* map) { return as<Map>(map).*member == value; }});
            if (!value) key.initial = name;
            return *this;
        }
        /// The member for the line of a value whose type keeps no line.
        Added& line(SourceLine Struct::*member) {
            key.line = [=](void* object) -> SourceLine& { return as<Struct>(object).*member; };
            return *this;
        }
    };

public:
    explicit Keys(std::vector<Key>& keys) : keys_{keys} {}

    template <class Value>
    Added add(std::string_view name, Value Struct::*member, Row row, std::string_view purpose,
              std::string_view effect = {}) {
        return add_at<Value>(
            name, [member](void* object) { return &(as<Struct>(object).*member); }, row, purpose,
            effect);
    }
    template <class Outer, class Value>
    Added add(std::string_view name, Outer Struct::*outer, Value Outer::*member, Row row,
              std::string_view purpose, std::string_view effect = {}) {
        return add_at<Value>(
            name, [=](void* object) { return &(as<Struct>(object).*outer.*member); }, row, purpose,
            effect);
    }

private:
    template <class Value, class Place>
    Added add_at(std::string_view name, Place place, Row row, std::string_view purpose,
                 std::string_view effect) {
        Key& key = keys_.emplace_back(Key{row});
        key.path = name;
        key.purpose = purpose;
        key.effect = effect;
        key.type = &value_type<Value>;
        key.member = place;
        if (key.form == Form::of_the_type) key.form = key.type->form;
        using Map = typename MapOf<Value>::type;
        if constexpr (requires(Keys<Map> inner) { Map::rows(inner); }) {
            Keys<Map> inner{key.keys};
            Map::rows(inner);
        }
        if (key.presence == Presence::optional && key.type->print != nullptr) {
            Struct defaults;
            key.initial = key.type->print(key, key.member(&defaults));
        }
        return {key};
    }

    std::vector<Key>& keys_;
};

}  // namespace ikelb::config
