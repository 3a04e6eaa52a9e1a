namespace InstaGrpc.Mesh;

/// <summary>What is wrong with one request field.</summary>
/// <param name="Field">Path in the request, as in the .proto.</param>
/// <param name="Description">What is wrong and what would be right.</param>
public readonly record struct FieldViolation(string Field, string Description);
