#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"
#include "elements.glsl"

// Rows taken from a table, put into one, or added; columns taken. A workgroup has one row at a time.
layout(constant_id = 3) const uint OPERATION = 0;
const uint GATHER = 0, PUT = 1, ADD_GATHERED = 2, COLUMNS = 3;

layout(push_constant, scalar) uniform Constants
{
    uint64_t y, x;
    Ints index;
    uint rows, width;   // of what is moved
    uint source;        // COLUMNS: the width of x
};

void main()
{
    for (uint row = workgroup(); row < rows; row += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        if (OPERATION == COLUMNS)
        {
            for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
            {
                Floats(y).at[(row * width) + i] = Floats(x).at[(row * source) + index.at[i]];
            }

            continue;
        }

        uint from = (OPERATION == PUT ? row : index.at[row]) * width, to = (OPERATION == PUT ? index.at[row] : row) * width;
        for (uint i = gl_LocalInvocationIndex * 4; i < width; i += gl_WorkGroupSize.x * 4)
        {
            vec4 values = exactElements(x, from + i, width - i);
            values += OPERATION == ADD_GATHERED ? floats(y, to + i, width - i) : vec4(0.0);
            putFloats(y, to + i, width - i, values);
        }
    }
}
