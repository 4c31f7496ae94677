// One element's step of AdamW, in the order of torch.optim.AdamW, see Cpu/AdamW.cs.
struct AdamWStep
{
    float gradientScale, keep, oneMinusBeta1, beta2, oneMinusBeta2, rootBias2, epsilon, stepSize;
};

void adamW(AdamWStep step_, float gradient, inout float parameter, inout float moment1, inout float moment2)
{
    precise float g = gradient * step_.gradientScale;
    precise float kept = parameter * step_.keep;
    precise float m = moment1 + (step_.oneMinusBeta1 * (g - moment1));
    precise float v = (moment2 * step_.beta2) + (step_.oneMinusBeta2 * g * g);
    precise float moved = kept - (step_.stepSize * (m / ((sqrt(v) / step_.rootBias2) + step_.epsilon)));
    parameter = moved;
    moment1 = m;
    moment2 = v;
}
