#include "CMySQL.h"
#include <mysql.h>
