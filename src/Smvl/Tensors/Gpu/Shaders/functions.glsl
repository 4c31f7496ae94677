// Functions whose accuracy Vulkan leaves to the driver, in our own polynomials: the same digits everywhere.

// e^x within 2 ulp: x = n ln 2 + r, e^r by Cephes' polynomial (Moshier, expf), as SimdMath.Exp. 0 below -87.3.
float exponential(float x)
{
    if (x < -87.3)
    {
        return 0.0;
    }

    if (x > 88.7)
    {
        return uintBitsToFloat(0x7F800000u);
    }

    float n = roundEven(x * 1.44269504);
    float r = fma(n, -0.693359375, x);
    r = fma(n, 2.12194440e-4, r);
    float p = 1.9875691500e-4;
    p = fma(p, r, 1.3981999507e-3);
    p = fma(p, r, 8.3334519073e-3);
    p = fma(p, r, 4.1665795894e-2);
    p = fma(p, r, 1.6666665459e-1);
    p = fma(p, r, 5.0000001201e-1);
    p = fma(p, r * r, r) + 1.0;

    // two halves of n, as 2^128 is no float
    int low = int(n) >> 1, high = int(n) - low;
    return p * intBitsToFloat((low + 127) << 23) * intBitsToFloat((high + 127) << 23);
}

float sigmoid(float x)
{
    return 1.0 / (1.0 + exponential(-x));
}

// ln x of a normal number, by Cephes' polynomial (Moshier, logf); infinity and NaN stay
float logarithm(float x)
{
    if (!(x <= 3.4e38))
    {
        return x;
    }

    int bits = floatBitsToInt(x), e = (bits >> 23) - 126;
    float m = intBitsToFloat((bits & 0x007FFFFF) | 0x3F000000);
    if (m < 0.707106781)
    {
        e -= 1;
        m += m;
    }

    m -= 1.0;
    float p = 7.0376836292e-2;
    p = fma(p, m, -1.1514610310e-1);
    p = fma(p, m, 1.1676998740e-1);
    p = fma(p, m, -1.2420140846e-1);
    p = fma(p, m, 1.4249322787e-1);
    p = fma(p, m, -1.6668057665e-1);
    p = fma(p, m, 2.0000714765e-1);
    p = fma(p, m, -2.4999993993e-1);
    p = fma(p, m, 3.3333331174e-1);
    float z = m * m, n = float(e);
    p = (p * m * z) + (n * -2.12194440e-4);
    return (m + (p - (0.5 * z))) + (n * 0.693359375);
}
