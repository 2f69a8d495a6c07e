export async function checkDemo() {}
