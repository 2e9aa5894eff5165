namespace RkLlama.Output.StructuredJson;

/// <summary>The schema cannot be used. The message contains the JSON pointer of the invalid part and the reason.</summary>
internal sealed class JsonSchemaException(string message) : Exception(message);
