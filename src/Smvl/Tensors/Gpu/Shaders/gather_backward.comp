#version 460
#extension GL_GOOGLE_include_directive : require
#include "memory.glsl"

// dTable row += the dy rows that were taken from it, in order: a workgroup has one row of the table at a time, so none is written twice.
layout(push_constant, scalar) uniform Constants
{
    Floats dTable;   // (V, D)
    Floats dy;       // (T, D)
    Ints ids;        // (rows) of the table, each once
    Ints starts;     // (rows + 1) in taken
    Ints taken;      // (T) rows of dy, sorted by id and then by place
    uint rows, width;
};

void main()
{
    for (uint row = workgroup(); row < rows; row += gl_NumWorkGroups.x * gl_NumWorkGroups.y)
    {
        uint to = uint(ids.at[row]) * width;
        for (uint i = gl_LocalInvocationIndex; i < width; i += gl_WorkGroupSize.x)
        {
            float sum = dTable.at[to + i];
            for (int t = starts.at[row]; t < starts.at[row + 1]; t++)
            {
                sum += dy.at[(uint(taken.at[t]) * width) + i];
            }

            dTable.at[to + i] = sum;
        }
    }
}
