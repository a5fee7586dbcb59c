#include "plan/step.h"

#include <stdexcept>
#include <string>

#include "mix/mix.h"
#include "plan/kinds.h"

namespace augstream {
namespace {

// The names of outputs or inputs that a program's rows stand for.
Rows<int64_t> read_numbers(Fields& fields, const char* name, size_t n, size_t limit) {
    const Rows<int64_t> numbers = fields.array_or_none<int64_t>(name, {});
    for (size_t i = 0; i < n; ++i) {
        const int64_t number = numbers ? *numbers[i] : static_cast<int64_t>(i);
        if (number < 0 || static_cast<uint64_t>(number) >= limit)
            fields.fail(name, "must be in 0.." + std::to_string(limit) + " (excluded); got " + std::to_string(number));
    }
    return numbers;
}

size_t length_of(const Wire& program, size_t outputs) {
    if (program.kind != Wire::Kind::row || program.row.empty() || program.row[0].kind != Wire::Kind::array)
        return outputs;
    const Array& rows = program.row[0].array;
    return rows.axes == 1 ? rows.shape[0] : 0;
}

}  // namespace

Step::Step() = default;
Step::Step(Step&&) noexcept = default;
Step::~Step() = default;

std::vector<Step> read_steps(const std::vector<Wire>& wire, size_t rows, size_t channels, size_t inputs) {
    std::vector<Step> steps;
    steps.reserve(wire.size());
    for (const Wire& one : wire) {
        Fields fields(one, "step", rows, channels);
        Step& step = steps.emplace_back();
        const Wire& head = fields.next("head");
        if (head.kind != Wire::Kind::none) read_head(head, rows, channels, inputs, step);
        if (step.mix && steps.size() > 1) throw std::invalid_argument("a Mix stands behind another step");
        const std::vector<Wire>& points = fields.row("points");
        step.points.reserve(points.size());
        for (const Wire& point : points) step.points.push_back(read_point(point, rows, channels));
        fields.end();
    }
    return steps;
}

std::vector<Program> read_programs(const Wire& wire, size_t inputs, size_t outputs, size_t channels) {
    if (wire.kind != Wire::Kind::row) throw std::invalid_argument("programs must be a list; got " + text(wire));
    std::vector<Program> programs(wire.row.size());
    for (size_t k = 0; k < programs.size(); ++k) {
        Program& program = programs[k];
        program.rows = length_of(wire.row[k], outputs);
        Fields fields(wire.row[k], "program", program.rows, channels);
        program.slot = read_numbers(fields, "rows", program.rows, outputs);
        program.source = fields.array_or_none<int64_t>("sources", {});
        program.steps = read_steps(fields.row("steps"), program.rows, channels, inputs);
        fields.end();
        const bool mixed = !program.steps.empty() && program.steps[0].mix;
        for (size_t i = 0; !mixed && i < program.rows; ++i)
            if (program.source_of(i) >= inputs)
                fields.fail("sources", "name an input that is not there: " + std::to_string(program.source_of(i)));
    }
    return programs;
}

}  // namespace augstream
