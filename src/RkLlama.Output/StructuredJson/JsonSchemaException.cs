namespace RkLlama.Output.StructuredJson;

/// <summary>A schema that cannot be used. The message says where and why.</summary>
internal sealed class JsonSchemaException(string message) : Exception(message);
